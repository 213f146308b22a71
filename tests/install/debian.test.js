// Installation for all users: the Debian package and its contents, browsers that save a page
// with the extension from it, and `install.sh --system`.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { browsers } from "../browser/driver/browser.js";
import { until } from "../browser/driver/until.js";
import { builtProgram, project } from "../browser/program.js";
import { World } from "../browser/test-environment.js";
import { digest, makePackages, PackageComputer } from "./packages.js";

const run = promisify(execFile);

const folder = await mkdtemp(path.join(tmpdir(), "url-notes-deb-"));
after(() => rm(folder, { recursive: true, force: true }));
const programs = path.join(folder, "programs");
await mkdir(programs);
const program = path.join(programs, "url-notes");
await copyFile(builtProgram, program);
const [file = ""] = await makePackages(program, path.join(folder, "package"));

test("the package has the same bytes whenever and wherever it is made", async () => {
	const other = { HOME: folder, LC_ALL: "C", TZ: "Asia/Tokyo", TMPDIR: folder };
	const [again = ""] = await makePackages(program, path.join(folder, "again"), other);
	assert.equal(path.basename(file), path.basename(again));
	assert.equal(await digest(file), await digest(again));
});

test("the package's files are root's, readable by all, and lead to the program", async () => {
	const { stdout } = await run("dpkg-deb", ["--contents", file]);
	for (const line of stdout.trim().split("\n")) {
		const [mode, owner] = line.split(/\s+/);
		assert.equal(owner, "root/root", line);
		assert.match(`${mode}`, /^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx)$/, line);
	}
	const { stdout: control } = await run("dpkg-deb", ["--field", file]);
	assert.match(control, /^Depends: libc6 \(>= 2\.\d+\)/m);
	assert.match(control, /^Description: \S/m);
	const unpacked = path.join(folder, "unpacked");
	await run("dpkg-deb", ["--extract", file, unpacked]);
	for (const manifest of [
		"etc/chromium/native-messaging-hosts/url_notes.json",
		"etc/opt/chrome/native-messaging-hosts/url_notes.json",
		"etc/opt/edge/native-messaging-hosts/url_notes.json",
		"usr/lib/mozilla/native-messaging-hosts/url_notes.json",
	]) {
		const { path: program } = JSON.parse(
			await readFile(path.join(unpacked, manifest), "utf8"),
		);
		assert.equal(program, "/usr/bin/url-notes");
	}
	for (const extra of [
		"usr/share/bash-completion/completions/url-notes",
		"usr/share/fish/vendor_completions.d/url-notes.fish",
		"usr/share/man/man1/url-notes.1.gz",
		"usr/share/zsh/vendor-completions/_url-notes",
	]) {
		assert.ok((await stat(path.join(unpacked, extra))).size > 200, extra);
	}
	for (const link of [
		"usr/share/chromium/extensions/url-notes",
		"usr/share/mozilla/extensions/{ec8030f7-c20a-464f-9b0e-13a3a9e97384}/url-notes@url-notes",
	]) {
		const extension = await readFile(path.join(unpacked, link, "manifest.json"), "utf8");
		assert.match(extension, /"key"/);
	}
	const { stdout: version } = await run(path.join(unpacked, "usr/bin/url-notes"), [
		"--version",
	]);
	const { stdout: packaged } = await run("dpkg-deb", ["--field", file, "Version"]);
	assert.equal(version, `url-notes ${packaged}`);
});

test("installed, it gives each browser the button at the next start; purged, nothing of it is left", async (t) => {
	const computer = await PackageComputer.make(t);
	const { stdout } = await run("dpkg-deb", ["--fsys-tarfile", file], {
		encoding: "buffer",
		maxBuffer: 256 * 1024 * 1024,
	});
	const listing = run("tar", ["--list"], { maxBuffer: 1024 * 1024 });
	listing.child.stdin?.end(stdout);
	const paths = (await listing).stdout
		.split("\n")
		.filter(Boolean)
		.map((name) => name.replace(/^\.|\/$/g, "") || "/");
	const before = {
		traces: await computer.traces(),
		paths: await computer.present(paths),
	};
	assert.ok(!before.paths.includes("/usr/bin/url-notes"), "there is another url-notes");
	process.env.CHROMIUM = await computer.program("/usr/bin/chromium");
	process.env.FIREFOX = await computer.program("/usr/bin/firefox-esr");

	await computer.install(t, file);

	for (const driver of browsers) {
		await t.test(`${driver.name} saves a page`, () =>
			saves(driver, "/usr/bin/url-notes"),
		);
		await t.test(
			`${driver.name} starts the user's own url-notes where there is one`,
			() => saves(driver, null),
		);
	}

	await computer.purge();
	assert.deepEqual(await computer.traces(), before.traces);
	const present = await computer.present(paths);
	assert.deepEqual(
		present.filter((name) => !before.paths.includes(name)),
		[],
	);
});

test("the package of url-notes-net brings what the other says is missing", async (t) => {
	const computer = await PackageComputer.make(t);
	const urlNotes = ["env", `HOME=${folder}`, "/usr/bin/url-notes"];
	await computer.install(t, file);
	await assert.rejects(
		computer.run(...urlNotes, "feed", "fetch"),
		/Install the package `url-notes-net`\.\n$/,
	);

	await copyFile(`${builtProgram}-net`, `${program}-net`);
	const [, net = ""] = await makePackages(program, path.join(folder, "both"));
	const { stdout: control } = await run("dpkg-deb", ["--field", net]);
	const version = /^Version: (.*)$/m.exec(control)?.[1];
	assert.match(
		control,
		new RegExp(`^Depends: url-notes \\(= ${version}\\), ca-certificates, libc6 `, "m"),
	);
	await computer.install(t, net);
	const units = ["url-notes-feeds.service", "url-notes-feeds.timer"];
	for (const unit of units) {
		const text = await computer.run("cat", `/usr/lib/systemd/user/${unit}`);
		if (unit.endsWith(".service"))
			assert.match(text, /^ExecStart="\/usr\/bin\/url-notes-net" feed fetch$/m);
		else assert.match(text, /^OnCalendar=hourly$/m);
	}
	assert.match(await computer.run(...urlNotes, "feed", "fetch"), /There are no feeds\./);
	await computer.purge();
	const left = await computer.traces();
	assert.deepEqual(
		left.filter((name) => name.startsWith("/usr")),
		[],
	);
});

test("install.sh --system is for every user's browser, and takes all of it back", async (t) => {
	const computer = await PackageComputer.make(t);
	const before = await computer.traces();
	const script = path.join(project, "install.sh");
	const uninstall = () => computer.run(script, "--system", "--uninstall");
	process.env.CHROMIUM = await computer.program("/usr/bin/chromium");
	process.env.FIREFOX = await computer.program("/usr/bin/firefox-esr");
	if (!computer.isCopy) t.after(uninstall);

	const said = await computer.run(script, "--system", "--program", builtProgram);
	assert.match(said, /^Chromium: registered by \/etc\/chromium\//m);
	assert.match(said, /^Firefox: registered by \/usr\/lib\/mozilla\//m);

	for (const driver of browsers) {
		await t.test(`${driver.name} saves a page`, () =>
			saves(driver, "/usr/local/bin/url-notes", (world) => world.start(driver)),
		);
	}

	await uninstall();
	assert.deepEqual(await computer.traces(), before);
});

/**
 * Starts the browser with a new profile, clicks the button, and sees that the page is
 * saved by the program.
 *
 * @param {import("../browser/driver/browser.js").Driver} driver
 * @param {string | null} program null: the one that the user installed
 * @param {(world: World) => Promise<import("../browser/driver/browser.js").Browser>} start
 *   by default one that has to find the extension by itself
 */
async function saves(driver, program, start = (world) => world.startBare(driver)) {
	const world = await World.make();
	try {
		if (program === null) await world.install();
		const browser = await start(world);
		const { popup } = await world.save(browser, "/article");
		await popup.type("ci,");
		await popup.hasTags("ci");
		await popup.press("Escape");
		await popup.closes();
		await world.holds([{ url: world.web.address("/article"), tags: ["ci"] }]);
		const started = await hostsOf(world);
		assert.ok(started.length > 0);
		for (const host of started)
			assert.ok(host.startsWith(`${program ?? world.program} `), host);
	} finally {
		await world.end();
		await until("its hosts have ended", async () => (await hostsOf(world)).length === 0);
	}
}

/**
 * The command lines of the hosts whose home is the world's.
 * @param {World} world
 */
async function hostsOf(world) {
	const { stdout } = await run("ps", ["-axo", "pid=,args="]);
	const found = [];
	for (const line of stdout.split("\n")) {
		const [, pid, args] = /^\s*(\d+) (\S*\/url-notes( .*|))$/.exec(line) ?? [];
		if (!pid || !args) continue;
		// A process that has ended meanwhile has no environment.
		const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
		if (environment.split("\0").includes(`HOME=${world.home}`)) found.push(args);
	}
	return found;
}
