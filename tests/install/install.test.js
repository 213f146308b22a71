// install.sh on many kinds of machines, without a build and without browsers.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
	copyFile,
	cp,
	lstat,
	mkdir,
	readdir,
	readFile,
	rm,
	stat,
	symlink,
	writeFile,
} from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { until } from "../browser/driver/until.js";
import { builtProgram, project } from "../browser/program.js";
import { installer, Machine } from "./machine.js";

const CHROMIUM = ".config/chromium/NativeMessagingHosts/url_notes.json";
const FIREFOX = ".mozilla/native-messaging-hosts/url_notes.json";

/** What the program is asked for: all files beside it, under ~/.local/share. */
const EXTRAS = [
	"755 .local/share",
	"755 .local/share/bash-completion",
	"755 .local/share/bash-completion/completions",
	"644 .local/share/bash-completion/completions/url-notes",
	"755 .local/share/fish",
	"755 .local/share/fish/vendor_completions.d",
	"644 .local/share/fish/vendor_completions.d/url-notes.fish",
	"755 .local/share/man",
	"755 .local/share/man/man1",
	"644 .local/share/man/man1/url-notes.1",
	"755 .local/share/zsh",
	"755 .local/share/zsh/site-functions",
	"644 .local/share/zsh/site-functions/_url-notes",
];

/** @param {string} version a program that says what ours says */
const saying = (version) => `case $1 in
	completions) echo "completions of ${version} for $2" ;;
	man) echo ".TH url-notes 1 ${version}" ;;
	--version) echo "url-notes ${version}" ;;
	register) exec '${builtProgram}' "$@" ;;
	*) echo "$0" "$@" ;;
esac`;

/** @param {string} file */
const readJson = async (file) => JSON.parse(await readFile(file, "utf8"));

/** @param {import("node:test").TestContext} t @param {{ home?: string }} [options] */
async function machineWithProgram(t, options) {
	const machine = await Machine.make(t, options);
	const built = await machine.program("built-url-notes", saying("0.1.0"));
	return { machine, program: ["--program", built] };
}

test("registers with the browsers that have a profile or a program, and with no other", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await mkdir(path.join(machine.home, ".config/vivaldi"), { recursive: true });
	await machine.program("firefox-esr");

	const { code, stdout } = await machine.install(...program);

	assert.equal(code, 0);
	assert.deepEqual(await machine.everything(), [
		"755 .config",
		"755 .config/vivaldi",
		"755 .config/vivaldi/NativeMessagingHosts",
		"644 .config/vivaldi/NativeMessagingHosts/url_notes.json",
		"755 .local",
		"755 .local/bin",
		"755 .local/bin/url-notes",
		...EXTRAS,
		"755 .mozilla",
		"755 .mozilla/native-messaging-hosts",
		"644 .mozilla/native-messaging-hosts/url_notes.json",
	]);
	assert.match(stdout, /^Vivaldi: registered/m);
	assert.match(stdout, /^Firefox: registered/m);
	assert.doesNotMatch(stdout, /Chromium/);
	assert.ok(stdout.includes(`${project}extension/manifest.json`), "says what to load");
});

test("writes the manifests that the two families of browsers ask for", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await machine.install(...program, "--browser", "chromium", "--browser", "firefox");

	const installed = path.join(machine.home, ".local/bin/url-notes");
	const both = { name: "url_notes", path: installed, type: "stdio" };
	const { description: _, ...chromium } = await readJson(
		path.join(machine.home, CHROMIUM),
	);
	assert.deepEqual(chromium, {
		...both,
		allowed_origins: ["chrome-extension://pdbdoelhjcjnfbdbopaeljmoodmodcok/"],
	});
	const { description: __, ...firefox } = await readJson(
		path.join(machine.home, FIREFOX),
	);
	assert.deepEqual(firefox, { ...both, allowed_extensions: ["url-notes@url-notes"] });
});

test("allows the very extension that is in the extension folder", async () => {
	const manifest = await readJson(path.join(project, "extension/manifest.json"));
	const der = new Uint8Array(Buffer.from(manifest.key, "base64"));
	const digest = Buffer.from(await crypto.subtle.digest("SHA-256", der)).toString("hex");
	const id = digest
		.slice(0, 32)
		.replaceAll(/./g, (digit) => "abcdefghijklmnop"[Number.parseInt(digit, 16)] ?? "");

	const chromium = await readJson(path.join(project, "manifests/chromium.json"));
	assert.deepEqual(chromium.allowed_origins, [`chrome-extension://${id}/`]);
	const firefox = await readJson(path.join(project, "manifests/firefox.json"));
	assert.deepEqual(firefox.allowed_extensions, [
		manifest.browser_specific_settings.gecko.id,
	]);
});

test("copes with any home folder's name", async (t) => {
	for (const home of [
		"with a space",
		"日本語 ñ",
		'quote " and \\ backslash',
		"$HOME `id` & %s \\n",
	]) {
		const { machine, program } = await machineWithProgram(t, { home });
		const { code } = await machine.install(...program, "--browser", "chromium");
		assert.equal(code, 0);
		const manifest = await readJson(path.join(machine.home, CHROMIUM));
		assert.equal(manifest.path, path.join(machine.home, ".local/bin/url-notes"));
		assert.equal(
			(await machine.run(manifest.path, ["--version"])).stdout,
			"url-notes 0.1.0\n",
		);
		assert.equal((await machine.install("--uninstall")).code, 0);
		assert.deepEqual(await machine.everything(), ["755 .config"]);
	}
});

test("refuses a path that no manifest could name", async (t) => {
	const { machine, program } = await machineWithProgram(t, { home: "two\nlines" });
	const { code, stderr } = await machine.install(...program, "--browser", "chromium");
	assert.equal(code, 1);
	assert.match(stderr, /line break.*--prefix/);
	assert.deepEqual(await machine.everything(), []);
});

test("follows XDG_CONFIG_HOME as Chromium does, and ignores a relative one", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	machine.environment.XDG_CONFIG_HOME = path.join(machine.home, "settings");
	await machine.install(...program, "--browser", "chromium", "--browser", "firefox");
	await stat(
		path.join(machine.home, "settings/chromium/NativeMessagingHosts/url_notes.json"),
	);
	await stat(path.join(machine.home, FIREFOX));
	await assert.rejects(stat(path.join(machine.home, ".config")));

	machine.environment.XDG_CONFIG_HOME = "settings";
	await machine.install(...program, "--browser", "chromium");
	await stat(path.join(machine.home, CHROMIUM));
});

test("sets the modes whatever the umask, and mends them", async (t) => {
	for (const umask of ["000", "002", "077", "777"]) {
		const { machine, program } = await machineWithProgram(t);
		const command = `umask ${umask} && exec "$@"`;
		const args = ["-c", command, "sh", installer, ...program, "--browser", "firefox"];
		assert.equal((await machine.run("sh", args)).code, 0);
		const modes = (await machine.everything()).filter((line) => !line.startsWith("755 "));
		const files = EXTRAS.filter((line) => line.startsWith("644 "));
		assert.deepEqual(modes, [...files, `644 ${FIREFOX}`]);
	}
});

test("changes nothing when it is run twice", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	const options = [...program, "--browser", "chromium"];
	await machine.install(...options);
	const files = [CHROMIUM, ".local/bin/url-notes"].map((file) =>
		path.join(machine.home, file),
	);
	const before = await Promise.all(files.map((file) => stat(file)));

	const { code, stdout } = await machine.install(...options);

	assert.equal(code, 0);
	assert.match(stdout, /^Chromium: .*already there/m);
	const after = await Promise.all(files.map((file) => stat(file)));
	assert.deepEqual(
		after.map(({ ino, mtimeMs }) => [ino, mtimeMs]),
		before.map(({ ino, mtimeMs }) => [ino, mtimeMs]),
	);
});

test("replaces an older program as a whole, under the feet of one that runs", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await machine.install(...program, "--browser", "firefox");
	const installed = path.join(machine.home, ".local/bin/url-notes");
	const before = await stat(installed);

	const newer = await machine.program("newer", saying("0.2.0"));
	const { stdout } = await machine.install("--program", newer, "--browser", "firefox");

	assert.match(stdout, /^Program: .*\(replaced\)/m);
	assert.notEqual((await stat(installed)).ino, before.ino);
	assert.equal((await machine.run(installed, ["--version"])).stdout, "url-notes 0.2.0\n");
	assert.equal(
		await readFile(path.join(machine.home, ".local/share/man/man1/url-notes.1"), "utf8"),
		".TH url-notes 1 0.2.0\n",
	);
	assert.ok((await machine.everything()).every((line) => !line.includes(".url-notes.")));
});

test("says what it would do on a dry run, and does nothing", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	const { code, stdout } = await machine.install(
		...program,
		"--browser",
		"chromium",
		"--dry-run",
	);
	assert.equal(code, 0);
	assert.match(stdout, /^Program: .*would be written/m);
	assert.match(stdout, /^Chromium: .*would be written/m);
	assert.deepEqual(await machine.everything(), []);

	await machine.install(...program, "--browser", "chromium");
	const before = await machine.everything();
	assert.match(
		(await machine.install("--uninstall", "--dry-run")).stdout,
		/would be removed/,
	);
	assert.deepEqual(await machine.everything(), before);
});

test("takes back what it wrote and leaves the notes and everything else", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	const notes = path.join(machine.home, ".local/share/url-notes");
	await mkdir(notes, { recursive: true });
	await writeFile(path.join(notes, "notes.db"), "the notes");
	const other = path.join(machine.home, ".mozilla/native-messaging-hosts");
	await mkdir(other, { recursive: true });
	await writeFile(path.join(other, "another_program.json"), "{}");
	const before = await machine.everything();
	await machine.install(...program, "--browser", "chromium");
	const logs = path.join(machine.home, ".local/state/url-notes");
	await mkdir(logs, { recursive: true });
	await writeFile(path.join(logs, "url-notes.log"), "the program's log");

	const { code, stdout } = await machine.install("--uninstall");

	assert.equal(code, 0);
	assert.ok(stdout.includes(notes), "says where the notes are");
	assert.deepEqual(
		(await machine.everything()).filter((line) => line !== "755 .config"),
		before,
	);
	const again = await machine.install("--uninstall");
	assert.equal(again.code, 0);
	assert.match(again.stdout, /isn't installed/);
});

test("keeps a registration that somebody else wrote when it takes back its own", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await machine.install(...program, "--browser", "firefox");
	const file = path.join(machine.home, FIREFOX);
	await writeFile(file, "somebody's own");

	const { code, stdout } = await machine.install("--uninstall");

	assert.equal(code, 0);
	assert.ok(stdout.includes(`${file}.old`), stdout);
	assert.equal(await readFile(`${file}.old`, "utf8"), "somebody's own");
	await assert.rejects(stat(file));
});

test("installs elsewhere with --prefix, and says what another copy is called", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await machine.install(...program, "--prefix", "opt dir", "--browser", "firefox");
	const elsewhere = path.join(machine.folder, "opt dir/bin/url-notes");
	assert.equal((await readJson(path.join(machine.home, FIREFOX))).path, elsewhere);

	const { stdout } = await machine.install("--uninstall");

	assert.ok(stdout.includes(elsewhere), stdout);
	await stat(elsewhere);
	await assert.rejects(stat(path.join(machine.home, FIREFOX)));
});

test("writes through no link of another user", async (t) => {
	// The link has to be another user's, which takes root to make.
	const { machine, program } = await machineWithProgram(t);
	const trap = path.join(machine.folder, "trap");
	await mkdir(trap);
	const link = path.join(machine.home, ".mozilla");
	await plantForeignLink(trap, link);

	const { code, stderr } = await machine.install(...program, "--browser", "firefox");

	assert.equal(code, 1);
	assert.ok(stderr.includes(`${link} is a link that belongs to another user`), stderr);
	await assert.rejects(stat(path.join(trap, "native-messaging-hosts")));
});

test("writes through the user's own links", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await mkdir(path.join(machine.folder, "dotfiles"));
	await symlink(
		path.join(machine.folder, "dotfiles"),
		path.join(machine.home, ".mozilla"),
	);
	assert.equal((await machine.install(...program, "--browser", "firefox")).code, 0);
	await stat(path.join(machine.folder, "dotfiles/native-messaging-hosts/url_notes.json"));
});

test("puts a file where its target was a link, not into what the link names", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	const precious = path.join(machine.folder, "precious");
	await writeFile(precious, "precious");
	await mkdir(path.dirname(path.join(machine.home, FIREFOX)), { recursive: true });
	await symlink(precious, path.join(machine.home, FIREFOX));
	assert.equal((await machine.install(...program, "--browser", "firefox")).code, 0);
	assert.equal(await readFile(precious, "utf8"), "precious");
	assert.ok((await lstat(path.join(machine.home, FIREFOX))).isFile());
});

test("says so where a folder is in the way, or a folder can't be written", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await mkdir(path.join(machine.home, FIREFOX), { recursive: true });
	const inTheWay = await machine.install(...program, "--browser", "firefox");
	assert.equal(inTheWay.code, 1);
	assert.match(inTheWay.stderr, /is a folder, where url-notes needs a file/);

	const blocked = await machineWithProgram(t);
	await writeFile(path.join(blocked.machine.home, ".local"), "a file");
	const unwritable = await blocked.machine.install(
		...blocked.program,
		"--browser",
		"firefox",
	);
	assert.equal(unwritable.code, 1);
	assert.match(
		unwritable.stderr,
		/install\.sh: The folder .*\.local\/bin can't be created/,
	);
});

test("registers with the other browsers where the folder of one is read-only", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	// Not even root writes there.
	await symlink("/sys/kernel", path.join(machine.home, ".mozilla"));
	const { code, stdout, stderr } = await machine.install(
		...program,
		"--browser",
		"firefox",
		"--browser",
		"chromium",
	);
	assert.equal(code, 1);
	assert.match(stderr, /Firefox can't be registered: The folder .* can't be created/);
	assert.match(stdout, /^Chromium: registered/m);
	assert.doesNotMatch(
		stdout,
		/^Firefox:/m,
		"no steps for a browser that isn't registered",
	);
	await stat(path.join(machine.home, CHROMIUM));

	const readOnly = await machineWithProgram(t);
	await symlink("/sys/kernel", path.join(readOnly.machine.home, ".local"));
	const refused = await readOnly.machine.install(...readOnly.program);
	assert.equal(refused.code, 1);
	assert.match(
		refused.stderr,
		/^install\.sh: The folder .*\.local\/bin can't be created\.$/m,
	);
});

test("tells wrong usage by exit code 2 and shows the right one", async (t) => {
	const { machine } = await machineWithProgram(t);
	for (const args of [
		["--nonsense"],
		["nonsense"],
		["--browser"],
		["--browser", "mosaic"],
		["--prefix", ""],
	]) {
		const { code, stderr } = await machine.install(...args);
		assert.equal(code, 2, args.join(" "));
		assert.match(stderr, /^Usage: /m);
	}
	const { code, stdout } = await machine.install("--help");
	assert.equal(code, 0);
	assert.match(stdout, /Browsers here: .*chromium.*firefox/);
	assert.deepEqual(await machine.everything(), []);
});

test("says what to do where no browser is found", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	const { code, stdout } = await machine.install(...program);
	assert.equal(code, 0);
	assert.match(stdout, /No browser was found.*--browser NAME/);
	assert.deepEqual(await machine.everything(), [
		"755 .local",
		"755 .local/bin",
		"755 .local/bin/url-notes",
		...EXTRAS,
	]);
});

test("says that a sandboxed Chromium can't be reached, and how a sandboxed Firefox can", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await mkdir(path.join(machine.home, "snap/chromium"), { recursive: true });
	await mkdir(path.join(machine.home, "snap/firefox"), { recursive: true });
	const { stdout } = await machine.install(...program);
	assert.match(stdout, /^Chromium \(Snap\): can't be registered/m);
	assert.match(
		stdout,
		/flatpak permission-set webextensions url_notes snap\.firefox yes/,
	);
	await stat(path.join(machine.home, FIREFOX));
	await assert.rejects(stat(path.join(machine.home, CHROMIUM)));
});

test("names what building takes where it isn't there", async (t) => {
	const machine = await Machine.make(t);
	const noRust = await machine.install("--browser", "firefox");
	assert.equal(noRust.code, 1);
	assert.match(noRust.stderr, /there is no cargo here.*https:\/\/rustup\.rs/);

	await machine.program("cargo");
	const noCompiler = await machine.install("--browser", "firefox");
	assert.equal(noCompiler.code, 1);
	assert.match(noCompiler.stderr, /C compiler.*apt install gcc/);
	assert.deepEqual(await machine.everything(), []);
});

test("builds the release as it is locked, and stops where that fails", async (t) => {
	const machine = await Machine.make(t);
	machine.environment.CARGO_TARGET_DIR = path.join(machine.folder, "target");
	await machine.program("cc");
	await machine.program(
		"cargo",
		`echo "$@" >"${machine.folder}/asked"
		mkdir -p "$CARGO_TARGET_DIR/release"
		echo '#!/bin/sh' >"$CARGO_TARGET_DIR/release/url-notes"
		chmod +x "$CARGO_TARGET_DIR/release/url-notes"`,
	);
	assert.equal((await machine.install("--browser", "firefox")).code, 0);
	const asked = await readFile(path.join(machine.folder, "asked"), "utf8");
	assert.match(asked, /^build --release --locked --package url-notes/);
	assert.equal(
		await readFile(path.join(machine.home, ".local/bin/url-notes"), "utf8"),
		"#!/bin/sh\n",
	);

	const broken = await Machine.make(t);
	await broken.program("cc");
	await broken.program("cargo", "echo 'error: no space left' >&2; exit 101");
	const { code, stderr } = await broken.install("--browser", "firefox");
	assert.equal(code, 1);
	assert.match(stderr, /no space left(.|\n)*wasn't built/);
	assert.deepEqual(await broken.everything(), []);
});

test("refuses a program that is none", async (t) => {
	const { machine } = await machineWithProgram(t);
	const { code, stderr } = await machine.install("--program", "/nowhere/url-notes");
	assert.equal(code, 1);
	assert.match(stderr, /\/nowhere\/url-notes is not a program/);
});

test("names the newer Rust that an old cargo asks for", async (t) => {
	const cargo = await readFile(path.join(project, "Cargo.toml"), "utf8");
	const [, needed] = /^rust-version = "(.*)"$/m.exec(cargo) ?? [];
	for (const present of ["1.9.0", "1.60.0 (abc 2022-04-04)", "0.99.0-nightly"]) {
		const machine = await Machine.make(t);
		await machine.program("cc");
		await machine.program("cargo", `echo "cargo ${present}"`);
		const { code, stderr } = await machine.install("--browser", "firefox");
		assert.equal(code, 1, present);
		assert.match(stderr, new RegExp(`takes Rust ${needed} or newer.*https://rustup.rs`));
		await machine.program("rustup");
		assert.match((await machine.install()).stderr, /rustup update stable/);
		assert.deepEqual(await machine.everything(), []);
	}
	for (const present of [`${needed}.0`, "2.0.0"]) {
		const machine = await Machine.make(t);
		await machine.program("cc");
		await machine.program("cargo", `[ "$1" = build ] || echo "cargo ${present}"; exit 9`);
		assert.match((await machine.install()).stderr, /wasn't built/, present);
	}
});

test("says so where the program was built for another computer", async (t) => {
	const machine = await Machine.make(t);
	const foreign = await machine.program(
		"foreign",
		"echo \"libc.so.6: version 'GLIBC_2.99' not found\" >&2; exit 1",
	);
	const { code, stderr } = await machine.install("--program", foreign);
	assert.equal(code, 1);
	assert.match(stderr, /doesn't run on this computer.*GLIBC_2\.99.*build it here/);
	assert.deepEqual(await machine.everything(), []);
});

test("installs a program that knows no completions and no man page", async (t) => {
	const machine = await Machine.make(t);
	const old = await machine.program(
		"old",
		`[ "$1" != register ] || exec '${builtProgram}' "$@"
		[ "$1" = --version ] || exit 2`,
	);
	const { code, stdout } = await machine.install(
		"--program",
		old,
		"--browser",
		"firefox",
	);
	assert.equal(code, 0);
	assert.doesNotMatch(stdout, /completions/);
	await assert.rejects(stat(path.join(machine.home, ".local/share")));
});

test("puts completions where XDG_DATA_HOME says, and takes them back from there", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	machine.environment.XDG_DATA_HOME = path.join(machine.folder, "data of mine");
	await machine.install(...program, "--browser", "firefox");
	const completions = path.join(
		machine.folder,
		"data of mine/bash-completion/completions/url-notes",
	);
	assert.equal(await readFile(completions, "utf8"), "completions of 0.1.0 for bash\n");
	await machine.install("--uninstall");
	await assert.rejects(stat(completions));
});

test("updates the manifests of earlier versions, wherever the program was", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await machine.install(...program, "--browser", "chromium", "--browser", "firefox");
	const fresh = await readFile(path.join(machine.home, FIREFOX), "utf8");
	for (const older of [
		fresh.replace("/.local/bin/", "/bin/"),
		fresh.replace("url-notes@url-notes", "url-notes@example.org"),
		fresh.slice(0, 40),
		"",
	]) {
		await writeFile(path.join(machine.home, FIREFOX), older);
		const { code, stdout } = await machine.install(...program);
		assert.equal(code, 0);
		assert.match(stdout, /^Firefox: registered by .*\(replaced\)/m);
		assert.equal(await readFile(path.join(machine.home, FIREFOX), "utf8"), fresh);
	}
});

test("keeps a manifest that somebody else wrote, once, and leaves it when taking back", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await machine.install(...program, "--browser", "firefox");
	const manifest = path.join(machine.home, FIREFOX);
	const fresh = await readFile(manifest, "utf8");
	const theirs = fresh.replace("url-notes@url-notes", "mine@example.org");
	const others = fresh.replace("url-notes@url-notes", "another@example.org");
	for (const { text, kept } of [
		{ text: theirs, kept: "url_notes.json.old" },
		{ text: others, kept: "url_notes.json.old.2" },
		{ text: theirs, kept: "url_notes.json.old" },
	]) {
		await writeFile(manifest, text);
		const { code, stdout } = await machine.install(...program);
		assert.equal(code, 0);
		assert.ok(stdout.includes(`/${kept}.\n`), stdout);
		assert.equal(await readFile(manifest, "utf8"), fresh);
		assert.equal(await readFile(path.join(path.dirname(manifest), kept), "utf8"), text);
	}
	await writeFile(manifest, fresh.replace("/.local/bin/", "/bin/"));
	assert.doesNotMatch((await machine.install(...program)).stdout, /kept/);

	assert.equal((await machine.install("--uninstall")).code, 0);
	assert.deepEqual((await readdir(path.dirname(manifest))).sort(), [
		"url_notes.json.old",
		"url_notes.json.old.2",
	]);
});

test("leaves Tor Browser alone and says why", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await mkdir(path.join(machine.home, ".local/share/torbrowser/tbb"), {
		recursive: true,
	});
	const before = await machine.everything();
	const { code, stdout } = await machine.install(...program, "--browser", "tor");
	assert.equal(code, 0);
	assert.match(stdout, /^Tor Browser: not registered, on purpose/m);
	assert.match(stdout, /^To register with a browser, use --browser NAME/m);
	await machine.install("--uninstall");
	assert.deepEqual(await machine.everything(), before);
});

test("registers Zen in Firefox's folder, Floorp in its own", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await mkdir(path.join(machine.home, ".zen"));
	await machine.program("floorp");
	const { stdout } = await machine.install(...program);
	assert.match(stdout, /^Zen: registered/m);
	await stat(path.join(machine.home, FIREFOX));
	await stat(path.join(machine.home, ".floorp/native-messaging-hosts/url_notes.json"));
});

test("says what a Flatpak of a Firefox takes, and that a Flatpak of a Chromium can't be reached", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	for (const app of ["org.mozilla.firefox", "com.brave.Browser"])
		await mkdir(path.join(machine.home, ".var/app", app), { recursive: true });
	const { stdout } = await machine.install(...program);
	assert.match(stdout, /^Brave \(Flatpak\): can't be registered/m);
	assert.match(stdout, /^Firefox \(Flatpak\): registered/m);
	assert.match(stdout, /xdg-native-messaging-proxy/);
});

test("says the line that puts the program on PATH, in the words of each shell", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	for (const [shell, line] of [
		["/bin/bash", `echo 'export PATH="$HOME/.local/bin:$PATH"' >>~/.bashrc`],
		["/usr/bin/zsh", `echo 'export PATH="$HOME/.local/bin:$PATH"' >>~/.zshrc`],
		["/usr/bin/fish", 'fish_add_path "$HOME/.local/bin"'],
		["/bin/dash", `echo 'export PATH="$HOME/.local/bin:$PATH"' >>~/.profile`],
	]) {
		machine.environment.SHELL = shell;
		const { stdout } = await machine.install(...program);
		assert.ok(stdout.includes(`  ${line}\n`), `${shell}: ${stdout}`);
		assert.equal(stdout.includes("fpath="), shell === "/usr/bin/zsh");
	}
	machine.environment.PATH += `:${machine.home}/.local/bin`;
	assert.doesNotMatch((await machine.install(...program)).stdout, /isn't on your PATH/);
});

test("--system registers for all users, and takes back all that it made", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	const root = path.join(machine.folder, "root");
	machine.environment.DESTDIR = root;
	// What the machine has of its own, empty or not, stays.
	for (const folder of [
		"etc/opt",
		"usr/lib",
		"usr/lib64/mozilla/plugins",
		"usr/local/bin",
	])
		await mkdir(path.join(root, folder), { recursive: true });
	const before = (await readdir(root, { recursive: true })).sort();
	await mkdir(path.join(machine.home, ".config/vivaldi"), { recursive: true });
	for (const browser of ["chromium", "firefox", "google-chrome-beta", "waterfox"])
		await machine.program(browser);

	const { code, stdout } = await machine.install(...program, "--system");

	assert.equal(code, 0);
	assert.match(stdout, /^Waterfox: has no folder for all users/m);
	assert.doesNotMatch(stdout, /Vivaldi/, "one user's profile says nothing of the others");
	const made = (await readdir(root, { recursive: true, withFileTypes: true }))
		.filter((entry) => entry.isFile())
		.map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
		.sort();
	assert.deepEqual(made, [
		"etc/chromium/native-messaging-hosts/url_notes.json",
		"etc/opt/chrome/native-messaging-hosts/url_notes.json",
		"usr/lib/mozilla/native-messaging-hosts/url_notes.json",
		"usr/lib64/mozilla/native-messaging-hosts/url_notes.json",
		"usr/local/bin/url-notes",
		"usr/local/share/bash-completion/completions/url-notes",
		"usr/local/share/fish/vendor_completions.d/url-notes.fish",
		"usr/local/share/man/man1/url-notes.1",
		"usr/local/share/zsh/site-functions/_url-notes",
	]);
	const manifest = path.join(
		root,
		"usr/lib/mozilla/native-messaging-hosts/url_notes.json",
	);
	assert.equal((await readJson(manifest)).path, "/usr/local/bin/url-notes");
	assert.deepEqual(await machine.everything(), ["755 .config", "755 .config/vivaldi"]);

	const undone = await machine.install("--uninstall", "--system");
	assert.equal(undone.code, 0);
	assert.match(undone.stdout, /The notes and settings of all users are kept/);
	const left = (await readdir(root, { recursive: true })).sort();
	assert.deepEqual(
		left.filter((name) => !before.includes(name)),
		["usr/local/share", "usr/local/share/man", "usr/local/share/man/man1"],
	);
	assert.deepEqual(
		before.filter((name) => !left.includes(name)),
		[],
	);
});

test("--system takes root, and nothing else does", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await machine.program("id", "echo 1000");
	const refused = await machine.install(...program, "--system");
	assert.equal(refused.code, 1);
	assert.match(refused.stderr, /takes root: sudo \.\/install\.sh --system/);

	const sudo = await machineWithProgram(t);
	await sudo.machine.program("id", "echo 0");
	sudo.machine.environment.SUDO_USER = "ada";
	const { code, stderr } = await sudo.machine.install(...sudo.program);
	assert.equal(code, 1);
	assert.match(stderr, /would install url-notes for root|belongs to another user/);
	assert.deepEqual(await sudo.machine.everything(), []);
});

test("--service has systemd start the site, or says how it is done", async (t) => {
	const { machine, program } = await machineWithProgram(t, { home: "50% of $HOME" });
	await machine.program("systemctl", `echo "$@" >>"${machine.folder}/asked"`);
	const { code, stdout } = await machine.install(...program, "--service");
	assert.equal(code, 0);
	assert.match(stdout, /The site is running/);
	assert.equal(
		await readFile(path.join(machine.folder, "asked"), "utf8"),
		"--user daemon-reload\n--user enable url-notes.service\n--user restart url-notes.service\n",
	);
	const unit = path.join(machine.home, ".config/systemd/user/url-notes.service");
	const escaped = path
		.join(machine.home, ".local/bin/url-notes")
		.replaceAll("%", "%%")
		.replaceAll("$", "$$$$");
	assert.ok((await readFile(unit, "utf8")).includes(`\nExecStart="${escaped}" serve\n`));

	// As `enable` leaves it where systemd can't be asked any more.
	const enabled = path.join(machine.home, ".config/systemd/user/default.target.wants");
	await mkdir(enabled);
	await symlink(unit, path.join(enabled, "url-notes.service"));
	await machine.program("systemctl", "exit 1");
	assert.equal((await machine.install("--uninstall")).code, 0);
	assert.deepEqual(await machine.everything(), ["755 .config"]);

	const unable = await machine.install(...program, "--service");
	assert.equal(unable.code, 0);
	assert.match(unable.stdout, /systemctl --user enable --now url-notes\.service/);

	const none = await machineWithProgram(t);
	const without = await none.machine.install(...none.program, "--service");
	assert.equal(without.code, 1);
	assert.match(without.stderr, /no systemd here.*url-notes serve/);
});

test("--service with --system is refused, since the site is each user's own", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	const { code, stderr } = await machine.install(...program, "--system", "--service");
	assert.equal(code, 2);
	assert.match(stderr, /each user runs/);
});

/** @param {import("node:test").TestContext} t @param {{ home?: string }} [options] */
async function machineWithNet(t, options) {
	const { machine, program } = await machineWithProgram(t, options);
	await machine.program("url-notes-net", 'echo "net 1"');
	return { machine, program };
}

const NET = ".local/bin/url-notes-net";

test("--net installs the program for the network, and updates keep it up to date", async (t) => {
	const { machine, program } = await machineWithNet(t);
	const plain = await machine.install(...program);
	assert.equal(plain.code, 0);
	await assert.rejects(stat(path.join(machine.home, NET)), "without --net there is none");

	const { code, stdout } = await machine.install(...program, "--net");
	assert.equal(code, 0);
	assert.match(stdout, /^For the network: .*\/url-notes-net \(written\)\.$/m);
	const installed = path.join(machine.home, NET);
	assert.equal((await machine.run(installed, [])).stdout, "net 1\n");

	await machine.program("url-notes-net", 'echo "net 2"');
	const update = await machine.install(...program);
	assert.match(update.stdout, /url-notes-net \(replaced\)/);
	assert.equal((await machine.run(installed, [])).stdout, "net 2\n");

	await rm(path.join(machine.bin, "url-notes-net"));
	const kept = await machine.install(...program);
	assert.equal(kept.code, 0);
	assert.match(kept.stderr, /the installed one stays as it is/);
	const missing = await machine.install(...program, "--net");
	assert.equal(missing.code, 1);
	assert.match(missing.stderr, /There is no url-notes-net beside/);

	const removed = await machine.install("--uninstall");
	assert.match(removed.stdout, /^For the network: .* \(removed\)\.$/m);
	assert.deepEqual(await machine.everything(), []);
});

test("--no-net removes the program for the network and its timer, and nothing else", async (t) => {
	const { machine, program } = await machineWithNet(t);
	await machine.program("systemctl", `echo "$@" >>"${machine.folder}/asked"`);
	await mkdir(path.join(machine.home, ".config"));
	await machine.install(...program);
	const before = await machine.everything();
	await machine.install(...program, "--feeds");
	assert.notDeepEqual(await machine.everything(), before);
	const both = await machine.install(...program, "--net", "--no-net");
	assert.equal(both.code, 2);
	assert.match(both.stderr, /--no-net removes what --net and --feeds install/);

	const { code, stdout } = await machine.install(...program, "--no-net");
	assert.equal(code, 0);
	assert.match(stdout, /^Feeds: .*url-notes-feeds\.timer \(removed\)\.$/m);
	assert.match(stdout, /^For the network: .*\/url-notes-net \(removed\)\.$/m);
	assert.match(
		await readFile(path.join(machine.folder, "asked"), "utf8"),
		/^--user disable --now url-notes-feeds\.timer$/m,
	);
	assert.deepEqual(await machine.everything(), before);
	const again = await machine.install(...program, "--no-net");
	assert.equal(again.code, 0);
	assert.doesNotMatch(again.stdout, /For the network/);
});

test("--net builds the program for the network on its own, after the other", async (t) => {
	const machine = await Machine.make(t);
	const target = path.join(machine.folder, "target");
	machine.environment.CARGO_TARGET_DIR = target;
	await machine.program("cc");
	// Writes what it is asked to build.
	await machine.program(
		"cargo",
		`case $1 in --version) echo "cargo 9.9.9"; exit ;; esac
echo "$@" >>"${machine.folder}/asked"
mkdir -p "${target}/release"
printf '#!/bin/sh\necho "$0" "$@"\n' >"${target}/release/$5"
chmod 755 "${target}/release/$5"`,
	);
	const { code, stderr } = await machine.install("--net");
	const asked = await readFile(path.join(machine.folder, "asked"), "utf8");
	assert.deepEqual(
		asked.split("\n").map((line) => line.split(" ").slice(0, 5).join(" ")),
		[
			"build --release --locked --package url-notes",
			"build --release --locked --package url-notes-net",
			"",
		],
		stderr,
	);
	assert.equal(code, 0, stderr);
	await stat(path.join(machine.home, NET));
});

test("--feeds has systemd fetch feeds every hour, or says how it is done", async (t) => {
	const { machine, program } = await machineWithNet(t, { home: "50% of $HOME" });
	await machine.program("systemctl", `echo "$@" >>"${machine.folder}/asked"`);
	const { code, stdout } = await machine.install(...program, "--feeds");
	assert.equal(code, 0);
	assert.match(stdout, /Feeds are fetched every hour/);
	assert.equal(
		await readFile(path.join(machine.folder, "asked"), "utf8"),
		"--user daemon-reload\n--user enable url-notes-feeds.timer\n--user restart url-notes-feeds.timer\n",
	);
	const units = path.join(machine.home, ".config/systemd/user");
	const escaped = path
		.join(machine.home, NET)
		.replaceAll("%", "%%")
		.replaceAll("$", "$$$$");
	const service = await readFile(path.join(units, "url-notes-feeds.service"), "utf8");
	assert.ok(service.includes(`\nExecStart="${escaped}" feed fetch\n`), service);
	const timer = await readFile(path.join(units, "url-notes-feeds.timer"), "utf8");
	for (const line of ["OnCalendar=hourly", "RandomizedDelaySec=900", "Persistent=true"])
		assert.ok(timer.includes(`\n${line}\n`), timer);

	// As `enable` leaves it where systemd can't be asked any more.
	await mkdir(path.join(units, "timers.target.wants"));
	await symlink(
		path.join(units, "url-notes-feeds.timer"),
		path.join(units, "timers.target.wants/url-notes-feeds.timer"),
	);
	await machine.program("systemctl", "exit 1");
	assert.equal((await machine.install("--uninstall")).code, 0);
	assert.deepEqual(await machine.everything(), ["755 .config"]);

	const unable = await machine.install(...program, "--feeds");
	assert.equal(unable.code, 0);
	assert.match(unable.stdout, /systemctl --user enable --now url-notes-feeds\.timer/);

	const none = await machineWithNet(t);
	const without = await none.machine.install(...none.program, "--feeds");
	assert.equal(without.code, 1);
	assert.match(without.stderr, /no systemd here.*url-notes-net feed fetch/);
	const all = await none.machine.install(...none.program, "--feeds", "--system");
	assert.equal(all.code, 2);
	assert.match(all.stderr, /each user runs/);
});

test("launchd fetches feeds on macOS", async (t) => {
	const { machine, program } = await machineWithNet(t, { home: "R&D <mac>" });
	await rm(path.join(machine.bin, "uname"));
	await machine.program("uname", "echo Darwin");
	await machine.program("launchctl", `echo "$@" >>"${machine.folder}/asked"`);
	assert.equal((await machine.install(...program, "--feeds")).code, 0);
	const agent = path.join(machine.home, "Library/LaunchAgents/url-notes-feeds.plist");
	const said = await readFile(agent, "utf8");
	assert.match(said, /R&amp;D &lt;mac&gt;\/\.local\/bin\/url-notes-net<\/string>/);
	assert.match(said, /<key>StartInterval<\/key>\s*<integer>3600<\/integer>/);
	const asked = await readFile(path.join(machine.folder, "asked"), "utf8");
	assert.match(asked, /^bootstrap gui\/\d+ .*url-notes-feeds\.plist$/m);
	await machine.install("--uninstall");
	assert.deepEqual(await machine.everything(), []);
});

test("knows the folders of macOS and starts the site there by launchd", async (t) => {
	const { machine, program } = await machineWithProgram(t, { home: "R&D <mac>" });
	await rm(path.join(machine.bin, "uname"));
	await machine.program("uname", "echo Darwin");
	await machine.program("launchctl", `echo "$@" >>"${machine.folder}/asked"`);
	const support = path.join(machine.home, "Library/Application Support");
	for (const folder of ["Google/Chrome Dev", "Firefox", "zen"])
		await mkdir(path.join(support, folder), { recursive: true });
	await writeFile(path.join(support, "Google/Chrome Dev/Local State"), "{}");
	const before = await machine.everything();

	const { code, stdout } = await machine.install(...program, "--service");

	assert.equal(code, 0);
	assert.match(stdout, /^Zen: registered/m);
	for (const folder of ["Google/Chrome Dev", "Mozilla"])
		await stat(path.join(support, folder, "NativeMessagingHosts/url_notes.json"));
	const agent = path.join(machine.home, "Library/LaunchAgents/url-notes.plist");
	const said = await readFile(agent, "utf8");
	assert.match(said, /R&amp;D &lt;mac&gt;\/\.local\/bin\/url-notes<\/string>/);
	const asked = await readFile(path.join(machine.folder, "asked"), "utf8");
	assert.match(asked, /^bootstrap gui\/\d+ .*url-notes\.plist$/m);

	await machine.install("--uninstall");
	assert.deepEqual(await machine.everything(), before);
});

test("on macOS, what a browser has downloaded can be run after the installation", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await rm(path.join(machine.bin, "uname"));
	await machine.program(
		"uname",
		'if [ "$*" = -m ]; then echo arm64; else echo Darwin; fi',
	);
	// The mark is a file beside the program.
	await machine.program(
		"xattr",
		'[ "$2" = com.apple.quarantine ] || exit 2\ncase $1 in -p) [ -e "$3.marked" ] ;; -d) rm "$3.marked" ;; esac',
	);
	const [, file = ""] = program;
	const mark = `${file}.marked`;
	await writeFile(mark, "");
	const dry = await machine.install(...program, "--dry-run");
	assert.match(dry.stdout, /Would remove the mark of downloaded files/);
	await stat(mark);
	const { code, stdout } = await machine.install(...program);
	assert.equal(code, 0);
	assert.ok(
		stdout.includes(`Removed the mark of downloaded files from ${file},`),
		stdout,
	);
	await assert.rejects(stat(mark));
	assert.doesNotMatch((await machine.install(...program)).stdout, /mark/);

	// Somebody else's file, for instance.
	await writeFile(mark, "");
	await rm(path.join(machine.bin, "xattr"));
	await machine.program("xattr", "[ $1 = -p ]");
	const refused = await machine.install(...program);
	assert.equal(refused.code, 1);
	assert.match(refused.stderr, /Run: xattr -d com\.apple\.quarantine /);
});

test("ends the hosts of the old program, which browsers start again, and nothing else", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await machine.install(...program, "--browser", "firefox");
	const installed = path.join(machine.home, ".local/bin/url-notes");
	await machine.program(
		"ps",
		`[ "$1" = -axo ] || exit 1
		cat <<-LIST
			    7 ${installed} chrome-extension://pdbdoelhjcjnfbdbopaeljmoodmodcok/
			 1234 ${installed} /home/ada/.mozilla/native-messaging-hosts/url_notes.json url-notes@url-notes
			 1235 ${installed} serve
			 1236 ${installed} add https://example.org/url_notes.json
			 1237 /usr/bin/url-notes chrome-extension://pdbdoelhjcjnfbdbopaeljmoodmodcok/
			 1238 sh -c ${installed} chrome-extension://pdbdoelhjcjnfbdbopaeljmoodmodcok/
		LIST`,
	);
	const killed = path.join(machine.folder, "killed");
	// A shell's own kill goes before one on PATH, so a function stands for it.
	machine.environment.KILLED = killed;
	const prelude = 'kill() { echo "$1" >>"$KILLED"; }\n';
	const copy = path.join(await cloneFor(machine), "install.sh");
	await writeFile(copy, prelude + (await readFile(installer, "utf8")));

	const same = await machine.run("sh", [copy, ...program]);
	assert.doesNotMatch(same.stdout, /start the new program/, "nothing was replaced");
	await assert.rejects(stat(killed));

	// What is installed into another root is none that runs.
	machine.environment.DESTDIR = path.join(machine.folder, "root");
	const prefix = ["--system", "--prefix", path.join(machine.home, ".local")];
	const staged = path.join(machine.environment.DESTDIR, installed);
	for (const version of ["0.1.5", "0.1.6"]) {
		const built = await machine.program("staged", saying(version));
		const { code } = await machine.run("sh", [copy, "--program", built, ...prefix]);
		assert.equal(code, 0);
		assert.match(await readFile(staged, "utf8"), new RegExp(version));
	}
	await assert.rejects(stat(killed));
	delete machine.environment.DESTDIR;

	const newer = await machine.program("newer", saying("0.2.0"));
	const { code, stdout } = await machine.run("sh", [copy, "--program", newer]);
	assert.equal(code, 0);
	assert.match(stdout, /Stopped 2 old url-notes processes/);
	assert.equal(await readFile(killed, "utf8"), "7\n1234\n");
});

test("registers with the browser that is named beside those that are found", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await machine.program("firefox");
	const { stdout } = await machine.install(...program, "--browser", "edge");
	assert.match(stdout, /^Microsoft Edge: registered by/m);
	assert.match(stdout, /^Firefox: registered by/m);
	assert.match(stdout, /^Microsoft Edge:\n {2}1\. Open chrome:\/\/extensions/m);
});

test("installs a program that can't register itself, and says so", async (t) => {
	const machine = await Machine.make(t);
	const old = await machine.program(
		"old",
		"[ $1 = --version ] || { echo no >&2; exit 2; }",
	);
	const { code, stdout, stderr } = await machine.install(
		...["--program", old, "--browser", "firefox"],
	);
	assert.equal(code, 1);
	assert.match(stdout, /^Program: .*\(written\)/m);
	assert.doesNotMatch(stdout, /about:debugging/, "no steps without a registration");
	assert.match(stderr, /^install\.sh: .*old can't register itself with browsers.*: no$/m);
});

test("says what it would do before anything is built, and does nothing", async (t) => {
	const machine = await Machine.make(t);
	machine.environment.CARGO_TARGET_DIR = path.join(machine.folder, "target");
	await machine.program("firefox");
	const { code, stdout, stderr } = await machine.install("--dry-run");
	assert.equal(code, 0, stderr);
	assert.match(stdout, /^Would build .*\/target\/release\/url-notes\.$/m);
	assert.match(stdout, /^Would register it with the browsers found on this computer\.$/m);
	assert.deepEqual(await machine.everything(), []);
});

test("takes back what a missing or broken program registered, and nothing else", async (t) => {
	for (const broken of ["gone", "#!/bin/sh\nexit 1\n", "#!/bin/sh\n", "\x7fELF"]) {
		const { machine, program } = await machineWithProgram(t, { home: "a \\ 機械" });
		const script = path.join(await cloneFor(machine), "install.sh");
		await machine.install(...program, "--browser", "chromium", "--browser", "firefox");
		const installed = path.join(machine.home, ".local/bin/url-notes");
		if (broken === "gone") await rm(installed);
		else await writeFile(installed, broken);
		const chromium = path.join(machine.home, CHROMIUM);
		const other = (await readFile(chromium, "utf8")).replace("/.local/", "/opt/");
		await writeFile(chromium, other);
		const before = await machine.everything();

		const dry = await machine.run(script, ["--uninstall", "--dry-run"]);
		assert.equal(dry.code, 0, dry.stderr);
		assert.match(dry.stdout, /^Firefox: .*\(would be removed\)\.$/m);
		assert.deepEqual(await machine.everything(), before);

		const { code, stdout, stderr } = await machine.run(script, ["--uninstall"]);
		assert.equal(code, 0, stderr);
		assert.match(stdout, /^Firefox: .*\(removed\)\.$/m);
		assert.match(
			stdout,
			/^Chromium: .* was not removed, because url-notes didn't write it for \//m,
		);
		assert.equal(await readFile(chromium, "utf8"), other);
		await assert.rejects(stat(path.join(machine.home, ".mozilla")));
		await assert.rejects(stat(path.join(machine.home, ".local/share")));
	}
});

test("takes back by another program, where the installed one is broken", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	const script = path.join(await cloneFor(machine), "install.sh");
	await machine.install(...program, "--browser", "firefox");
	await writeFile(path.join(machine.home, ".local/bin/url-notes"), "");
	const file = path.join(machine.home, FIREFOX);
	await writeFile(file, "somebody's own");

	const { code, stdout } = await machine.run(script, ["--uninstall", ...program]);

	assert.equal(code, 0);
	assert.ok(stdout.includes(`${file}.old`), stdout);
	await assert.rejects(stat(file));
});

test("does nothing when a file of the installer was cut short, wherever the cut is", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await machine.install(...program, "--browser", "firefox");
	const clone = await cloneFor(machine);
	await rm(path.join(clone, "installer"));
	await cp(path.join(project, "installer"), path.join(clone, "installer"), {
		recursive: true,
	});
	const before = await machine.everything();
	const part = path.join(clone, "installer/uninstall.sh");
	const whole = await readFile(part);
	const cuts = [...whole.subarray(0, -1).keys()].filter(
		(at) => whole[at - 1] === 10 || at % 251 === 0 || at > whole.length - 30,
	);
	assert.ok(cuts.length > 100);
	for (const cut of cuts) {
		await writeFile(part, new Uint8Array(whole.subarray(0, cut)));
		const { code, stdout } = await machine.run(path.join(clone, "install.sh"), [
			"--uninstall",
		]);
		assert.notEqual(code, 0, `cut after ${cut} bytes`);
		assert.equal(stdout, "", `cut after ${cut} bytes`);
	}
	assert.deepEqual(await machine.everything(), before);
});

test("does nothing when it was cut short, wherever the cut is", async (t) => {
	const machine = await Machine.make(t);
	const whole = await readFile(installer);
	// Beside a whole project, so that only the missing end can stop it.
	const clone = path.join(machine.folder, "clone");
	await mkdir(path.join(clone, "extension"), { recursive: true });
	await mkdir(path.join(clone, "manifests"));
	await writeFile(path.join(clone, "Cargo.toml"), "");
	await writeFile(path.join(clone, "extension/manifest.json"), "{}");
	await copyFile(
		path.join(project, "manifests/browsers.tsv"),
		path.join(clone, "manifests/browsers.tsv"),
	);
	await machine.program("firefox");
	await machine.program("cc");
	await machine.program("cargo", `echo built >>"${machine.folder}/built"`);
	// Each end of a line, many places within one, and each byte of the last ones but the
	// very last line break.
	const cuts = [...whole.subarray(0, -1).keys()].filter(
		(at) => whole[at - 1] === 10 || at % 251 === 0 || at > whole.length - 250,
	);
	assert.ok(cuts.length > 300);
	for (const cut of cuts) {
		await writeFile(
			path.join(clone, "install.sh"),
			new Uint8Array(whole.subarray(0, cut)),
		);
		const { stdout } = await machine.run("sh", [path.join(clone, "install.sh")]);
		assert.equal(stdout, "", `cut after ${cut} bytes`);
	}
	await assert.rejects(stat(path.join(machine.folder, "built")));
	assert.deepEqual(await machine.everything(), []);
});

/**
 * A clone in which nothing was built, with an install.sh that may be changed.
 * @param {Machine} machine
 */
async function cloneFor(machine) {
	const clone = path.join(machine.folder, "clone");
	await mkdir(clone);
	for (const part of ["extension", "installer", "manifests", "Cargo.toml"])
		await symlink(path.join(project, part), path.join(clone, part));
	await copyFile(installer, path.join(clone, "install.sh"));
	return clone;
}

/**
 * A link of user "nobody", made by root or by sudo.
 * @param {string} target
 * @param {string} link
 */
async function plantForeignLink(target, link) {
	await symlink(target, link);
	if (process.getuid?.() === 0) {
		await promisify(execFile)("chown", ["-h", "65534", link]);
	} else {
		await promisify(execFile)("sudo", ["-n", "chown", "-h", "65534", link]);
	}
}

/**
 * Runs install.sh in a terminal of a desktop.
 * @param {Machine} machine
 * @param {string[]} args
 */
async function installByHand(machine, ...args) {
	const words = [installer, ...args].map((word) => `'${word}'`).join(" ");
	machine.environment.DISPLAY = ":99";
	machine.environment.SHELL = "/bin/sh";
	return await machine.run("script", ["-qec", words, "/dev/null"]);
}

test("the first install by hand for Firefox opens the page on which the extension is loaded", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await machine.borrow("script");
	const opened = path.join(machine.folder, "opened");
	await machine.program(
		"firefox",
		`printf '%s' "$*" >'${opened}.new'; mv '${opened}.new' '${opened}'`,
	);

	// A script, or a computer without a desktop.
	await machine.install(...program);
	await assert.rejects(readFile(opened));
	await machine.install("--uninstall");

	const { code, stdout } = await installByHand(machine, ...program);
	assert.equal(code, 0, stdout);
	assert.match(stdout, /page of Firefox that opens now/);
	await until("Firefox is started", () => readFile(opened).then(() => true));
	assert.equal(await readFile(opened, "utf8"), "about:debugging#/runtime/this-firefox");

	await rm(opened);
	const again = await installByHand(machine, ...program);
	assert.doesNotMatch(again.stdout, /opens now/);
	await assert.rejects(readFile(opened));
});

test("with a Chromium-based browser as well, no page is opened", async (t) => {
	const { machine, program } = await machineWithProgram(t);
	await machine.borrow("script");
	await machine.program("firefox");
	await machine.program("chromium");
	const { stdout } = await installByHand(machine, ...program);
	assert.match(stdout, /Open about:debugging/);
	assert.doesNotMatch(stdout, /opens now/);
});
