// The release: an archive that installs without a compiler, and what remains to do after
// `cargo install`.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
	copyFile,
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rm,
	stat,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { bundle } from "../../packaging/bundle.js";
import { builtProgram, freePort, project } from "../browser/program.js";
import { Machine, Try } from "./machine.js";
import { digest, PACKED_SOON } from "./packages.js";

const run = promisify(execFile);

const folder = await mkdtemp(path.join(tmpdir(), "url-notes-release-"));
after(() => rm(folder, { recursive: true, force: true }));
// Without what is there for debuggers: half a minute's packing less.
const program = path.join(folder, "url-notes");
await copyFile(builtProgram, program);
await run("strip", [program]);
// Any program does here, and this one is small.
await copyFile("/bin/echo", path.join(folder, "url-notes-net"));
const published = await release(path.join(folder, "published"));

/**
 * @param {string} into
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {Promise<string[]>} the paths of what was made
 */
async function release(into, environment = {}) {
	const { stdout } = await run(
		path.join(project, "packaging/release.sh"),
		["--program", program, into],
		{ env: { ...process.env, ...PACKED_SOON, ...environment } },
	);
	return stdout.trim().split("\n");
}

/**
 * The archive, unpacked on a machine of the test's own.
 * @param {Machine} machine
 */
async function unpack(machine) {
	const [archive = ""] = published;
	await run("tar", ["-xzf", archive, "-C", machine.folder]);
	return path.join(machine.folder, path.basename(archive, ".tar.gz"));
}

test("a release has an archive, packages and their checksums, the same bytes each time", async () => {
	const names = published.map((file) => path.basename(file));
	const manifest = JSON.parse(
		await readFile(path.join(project, "extension/manifest.json"), "utf8"),
	);
	const { version } = manifest;
	const { stdout: machine } = await run("uname", ["-m"]);
	const processor = machine.trim();
	const { stdout: architecture } = await run("dpkg", ["--print-architecture"]);
	assert.deepEqual(names, [
		`url-notes-${version}-${processor}-linux.tar.gz`,
		`url-notes_${version}_${architecture.trim()}.deb`,
		`url-notes-net_${version}_${architecture.trim()}.deb`,
		`url-notes-${version}-1.${processor}.rpm`,
		`url-notes-net-${version}-1.${processor}.rpm`,
		"SHA256SUMS",
	]);
	await run("sha256sum", ["--check", "--strict", "SHA256SUMS"], {
		cwd: path.join(folder, "published"),
	});
	const other = { LC_ALL: "C", TZ: "Asia/Tokyo", TMPDIR: folder };
	const again = await release(path.join(folder, "again"), other);
	assert.deepEqual(
		await Promise.all(again.map(digest)),
		await Promise.all(published.map(digest)),
	);
});

test("packs a static program for another processor, beside the files of this one", async (t) => {
	const machine = await Machine.make(t);
	const source = path.join(machine.folder, "main.c");
	const foreign = path.join(machine.folder, "url-notes");
	await writeFile(source, "int main(void) { return 0; }\n");
	await run("cc", ["-static", "-o", foreign, source]);
	const bytes = await readFile(foreign);
	// e_machine: EM_AARCH64. Nothing here runs it any more.
	bytes.writeUInt16LE(183, 18);
	await writeFile(foreign, bytes);
	const into = path.join(machine.folder, "packages");
	const script = path.join(project, "packaging/release.sh");
	const options = { env: { ...process.env, ...PACKED_SOON } };
	await assert.rejects(
		run(script, ["--program", foreign, into], options),
		/doesn't run here\. With --native, name a program of url-notes/,
	);
	const native = ["--native", program];
	const { stdout } = await run(script, ["--program", foreign, ...native, into], options);
	const [archive = "", deb = "", rpm = "", ...others] = stdout.trim().split("\n");
	assert.deepEqual(
		others.map((file) => path.basename(file)),
		["SHA256SUMS"],
	);
	assert.match(archive, /-aarch64-linux\.tar\.gz$/);
	assert.match(deb, /_arm64\.deb$/);
	assert.match(rpm, /\.aarch64\.rpm$/);
	const { stdout: control } = await run("dpkg-deb", ["--field", deb]);
	assert.match(control, /^Architecture: arm64$/m);
	assert.doesNotMatch(control, /^Depends:/m);
	const { stdout: needs } = await run("rpm", ["-qp", "--requires", rpm]);
	assert.match(needs, /^(rpmlib\(.*\n)+$/);
	const { stdout: page } = await run("tar", ["-xzOf", archive, "--wildcards", "*/man/*"]);
	assert.match(page, /URL-NOTES/i);

	for (const file of published.slice(0, -1))
		await copyFile(file, path.join(into, path.basename(file)));
	await run(script, ["--program", program, into], options);
	const sums = await readFile(path.join(into, "SHA256SUMS"), "utf8");
	assert.equal(sums.trim().split("\n").length, published.length - 1 + 3, sums);
	await run("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: into });
});

test("the RPM packages put the program and its manifests where Fedora's browsers look", async (t) => {
	const machine = await Machine.make(t);
	const root = path.join(machine.folder, "root");
	const rpms = published.filter((file) => file.endsWith(".rpm"));
	const [file = "", net = ""] = rpms;
	for (const rpm of rpms) {
		await mkdir(root, { recursive: true });
		await run("sh", ["-c", 'rpm2cpio "$1" | cpio -idm --quiet', "sh", rpm], {
			cwd: root,
		});
	}
	for (const manifest of [
		"etc/chromium/native-messaging-hosts/url_notes.json",
		"etc/opt/chrome/native-messaging-hosts/url_notes.json",
		"usr/lib64/mozilla/native-messaging-hosts/url_notes.json",
	]) {
		const { path: named } = JSON.parse(await readFile(path.join(root, manifest), "utf8"));
		assert.equal(named, "/usr/bin/url-notes", manifest);
	}
	await stat(path.join(root, "usr/share/url-notes/extension/manifest.json"));
	const { stdout: version } = await run(path.join(root, "usr/bin/url-notes"), [
		"--version",
	]);
	assert.match(version, /^url-notes \d/);
	const fields = ["-qp", "--queryformat", "%{NAME} %{VERSION} %{BUILDHOST} %{LICENSE}"];
	const { stdout: header } = await run("rpm", [...fields, file]);
	assert.equal(`url-notes ${header.split(" ")[1]} localhost MIT AND Apache-2.0`, header);
	const { stdout: needs } = await run("rpm", ["-qp", "--requires", net]);
	assert.match(needs, /^url-notes = \d/m);
	const { stdout: modes } = await run("rpm", [
		"-qp",
		"--queryformat",
		"[%{FILEUSERNAME} %{FILEMODES:octal} %{FILENAMES}\n]",
		file,
	]);
	for (const line of modes.trim().split("\n"))
		assert.match(line, /^root (0?40755|100644|100755) /, line);
});

test("refuses to pack a program of another version", async (t) => {
	const machine = await Machine.make(t);
	const other = await machine.program("other", "echo url-notes 9.9.9");
	await assert.rejects(
		run(path.join(project, "packaging/release.sh"), ["--program", other, folder]),
		/says it is "url-notes 9\.9\.9", and these files are of url-notes/,
	);
});

test("the archive has all that the extension loads, and nothing that made it", async (t) => {
	const machine = await Machine.make(t);
	const unpacked = await unpack(machine);
	const packed = (await readdir(path.join(unpacked, "extension"), { recursive: true }))
		.map(String)
		.sort();
	const bundled = path.join(folder, "bundled");
	await bundle(bundled);
	const there = (await readdir(bundled, { recursive: true })).map(String).sort();
	assert.deepEqual(packed, there);
	for (const extra of [
		"completions/_url-notes",
		"completions/url-notes.bash",
		"completions/url-notes.fish",
		"man/url-notes.1",
	]) {
		assert.ok((await stat(path.join(unpacked, extra))).size > 200, extra);
	}
	const { mode } = await stat(path.join(unpacked, "install.sh"));
	assert.equal(mode & 0o7777, 0o755);
});

test("the archive installs into an empty home without cargo and without a compiler", async (t) => {
	const machine = await Machine.make(t);
	const unpacked = await unpack(machine);
	await machine.program("firefox");
	const { code, stdout, stderr } = await machine.run(
		path.join(unpacked, "install.sh"),
		[],
	);
	assert.equal(code, 0, stderr);
	await stat(path.join(machine.home, ".local/share/man/man1/url-notes.1"));
	assert.ok(stdout.includes(`${unpacked}/extension/manifest.json`), stdout);
	const manifest = JSON.parse(
		await readFile(
			path.join(machine.home, ".mozilla/native-messaging-hosts/url_notes.json"),
			"utf8",
		),
	);
	await rm(unpacked, { recursive: true });
	const says = await machine.run(manifest.path, ["--version"]);
	assert.match(says.stdout, /^url-notes \d/);
});

test("the archive has the program for the network, which only --net installs", async (t) => {
	const machine = await Machine.make(t);
	const unpacked = await unpack(machine);
	const script = path.join(unpacked, "install.sh");
	const installed = path.join(machine.home, ".local/bin/url-notes-net");
	assert.equal((await machine.run(script, [])).code, 0);
	await assert.rejects(stat(installed));
	const { code, stderr } = await machine.run(script, ["--net"]);
	assert.equal(code, 0, stderr);
	assert.equal((await machine.run(installed, ["net"])).stdout, "net\n");
});

test("the archive's --try saves a page where there is neither cargo nor a browser", async (t) => {
	const machine = await Machine.make(t);
	machine.environment.URL_NOTES_PORT = String(await freePort());
	for (const tool of ["grep", "mkfifo", "od", "wc", "tail", "date", "env"])
		await machine.borrow(tool);
	const unpacked = await unpack(machine);
	const trial = new Try(machine, [], path.join(unpacked, "install.sh"));
	const address = await trial.says(/^Read it on its tag page: (http:.*)$/);
	assert.match(await (await fetch(address)).text(), />Hypertext</);
	await trial.end();
});

test("after `cargo install` one command registers the program where cargo put it", async (t) => {
	const machine = await Machine.make(t);
	const root = path.join(machine.home, ".cargo");
	await mkdir(root);
	await run(
		"cargo",
		[
			...["install", "--path", "host", "--locked", "--offline", "--debug", "--quiet"],
			...["--root", root, "--target-dir", path.dirname(path.dirname(builtProgram))],
		],
		{ cwd: project },
	);
	const installed = path.join(root, "bin/url-notes");
	const before = await stat(installed);
	// As docs/install.md says it.
	const registered = await machine.run(installed, ["register", "--browser", "firefox"]);
	assert.equal(registered.code, 0, registered.stderr);
	const { code, stdout } = await machine.install(
		...["--prefix", root, "--program", installed, "--browser", "firefox"],
	);
	assert.equal(code, 0);
	assert.match(stdout, /^Program: .*\/\.cargo\/bin\/url-notes \(already there\)/m);
	assert.equal((await stat(installed)).ino, before.ino);
	const manifest = path.join(
		machine.home,
		".mozilla/native-messaging-hosts/url_notes.json",
	);
	assert.equal(JSON.parse(await readFile(manifest, "utf8")).path, installed);
});
