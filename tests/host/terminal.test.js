// The command line on a real terminal, by script(1): colours, widths, pager, the question
// after a mistake in an edit, and shell completion.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
	chmod,
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rm,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { builtProgram, putArrivals } from "../browser/program.js";

/** How long anything may take before a test gives up on it, in ms. */
const PATIENCE = 20_000;

const page = "https://e.org/a";
const title =
	"Machine learning on graphics cards and 機械学習の本 with more words than one line has";

/** A folder with a note, and the environment of a user there. @param {import("node:test").TestContext} t */
async function desk(t) {
	const folder = await mkdtemp(path.join(tmpdir(), "url-notes-terminal-"));
	t.after(() => rm(folder, { recursive: true, force: true }));
	/** @type {NodeJS.ProcessEnv} */
	const environment = {
		HOME: folder,
		PATH: `${path.dirname(builtProgram)}:/usr/bin:/bin`,
		TERM: "xterm",
		TZ: "UTC",
		URL_NOTES_DATA_DIR: path.join(folder, "data"),
	};
	/** @param {string[]} words */
	const run = (...words) =>
		execFileSync(builtProgram, words, { env: environment, encoding: "utf8" });
	run("add", page, "--title", title, "--tag", "gpu", "--tag", "machine learning");
	return { folder, environment, run };
}

/** A program on a terminal of its own. */
class Terminal {
	#output = "";
	#seen = 0;
	/** @type {(() => void)[]} */
	#waiting = [];

	/**
	 * @param {string} command of a shell
	 * @param {NodeJS.ProcessEnv} env
	 * @param {number} columns
	 */
	constructor(command, env, columns = 80) {
		const sized = `stty rows 24 cols ${columns}; ${command}`;
		this.child = spawn(
			"script",
			["--quiet", "--return", "--command", sized, "/dev/null"],
			{
				env: { ...env, SHELL: "/bin/sh" },
			},
		);
		this.child.stdout.setEncoding("utf8");
		this.child.stdout.on("data", (text) => {
			this.#output += text;
			for (const look of this.#waiting.splice(0)) look();
		});
		/** @type {Promise<number | null>} */
		this.ended = new Promise((resolve) => {
			this.child.on("close", (code) => {
				resolve(code);
				for (const look of this.#waiting.splice(0)) look();
			});
		});
	}

	/** @param {string} keys */
	type(keys) {
		this.child.stdin.write(keys);
	}

	/**
	 * Waits until the output has this, after what was waited for before.
	 * @param {RegExp | string} wanted
	 * @returns {Promise<string>} what it has
	 */
	async shows(wanted) {
		const deadline = Date.now() + PATIENCE;
		for (;;) {
			const output = this.#output.slice(this.#seen);
			const found = typeof wanted === "string" ? wanted : wanted.exec(output)?.[0];
			if (found !== undefined && output.includes(found)) {
				this.#seen += output.indexOf(found) + found.length;
				return found;
			}
			const left = deadline - Date.now();
			if (left <= 0 || this.child.exitCode !== null)
				assert.fail(`${wanted} isn't in ${JSON.stringify(this.#output)}`);
			await new Promise((resolve) => {
				const timer = setTimeout(resolve, left, undefined);
				this.#waiting.push(() => {
					clearTimeout(timer);
					resolve(undefined);
				});
			});
		}
	}

	/** All that was printed, when the program has ended. */
	async text() {
		const code = await this.ended;
		return { code, text: this.#output.replaceAll("\r\n", "\n") };
	}
}

/** @param {string} command @param {NodeJS.ProcessEnv} env @param {number} [columns] */
const onTerminal = (command, env, columns) => new Terminal(command, env, columns).text();

const esc = "\u001b";

/** @param {string} text */
const withoutColours = (text) => text.replaceAll(new RegExp(`${esc}\\[\\d*m`, "gu"), "");

test("a list on a terminal has colours, dates for people, and lines that fit", async (t) => {
	const { environment } = await desk(t);
	const list = await onTerminal("url-notes list --no-pager", environment, 40);
	assert.equal(list.code, 0);
	assert(list.text.includes(`${esc}[1m`) && list.text.includes(`${esc}[36mgpu`));
	const lines = withoutColours(list.text).trimEnd().split("\n");
	assert.match(
		lines[0] ?? "",
		/^(today \d\d:\d\d|yesterday {2}) Machine learning on graphics$/u,
	);
	assert(lines.every((line) => /^( {12}|today|yesterday)/u.test(line)));
	for (const line of lines) {
		// Of what is here, all that isn't ASCII takes two columns.
		const columns = [...line].reduce((sum, c) => sum + (c < "\u0080" ? 1 : 2), 0);
		assert(columns <= 40, line);
	}
	assert(lines.includes("            https://e.org/a"));
	const shown = await onTerminal(`url-notes show --no-pager ${page}`, environment);
	assert.match(withoutColours(shown.text), /^saved {6}\d{4}-\d\d-\d\d \d\d:\d\d$/mu);
});

test("colours go where they are wanted and nowhere else", async (t) => {
	const { environment, run } = await desk(t);
	/** @type {[string, NodeJS.ProcessEnv, boolean][]} */
	const cases = [
		["url-notes list", {}, true],
		["url-notes list", { NO_COLOR: "1" }, false],
		["url-notes list", { TERM: "dumb" }, false],
		["url-notes list --color never", {}, false],
		["url-notes list --color=always", { NO_COLOR: "1" }, true],
		["url-notes list | cat", {}, false],
		["url-notes list | cat", { CLICOLOR_FORCE: "1" }, true],
		["url-notes tag list", {}, true],
		["url-notes search machine", {}, true],
		["url-notes list --json", {}, false],
		["url-notes --help --color never", {}, false],
	];
	for (const [command, more, colours] of cases) {
		const { text } = await onTerminal(command, { ...environment, ...more, PAGER: "cat" });
		assert.equal(text.includes(`${esc}[`), colours, `${command} ${JSON.stringify(more)}`);
	}
	assert(!run("list").includes(esc));
	assert.match(run("list"), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z {2}Machine/u);
	assert.match(run("show", page), /^saved {6}\d{4}-\d\d-\d\dT/mu);
});

test("a title that would steer the terminal is shown as text", async (t) => {
	const { environment, run } = await desk(t);
	run("edit", page, "--title", `a${esc}]0;pwned\u0007b\u009b2J${esc}[31mc`);
	for (const command of ["list", `show ${page}`, "search pwned", "list --json"]) {
		const { text } = await onTerminal(`url-notes ${command} --no-pager`, environment);
		assert(text.includes("]0;pwned"), command);
		const steering = [...withoutColours(text)].filter(
			(c) => (c < " " && c !== "\n") || (c >= "\u007f" && c <= "\u009f"),
		);
		assert.deepEqual(steering, [], command);
	}
});

test("what is long is shown by the user's pager, and without one where that is none", async (t) => {
	const { environment, folder } = await desk(t);
	const pager = path.join(folder, "my pager");
	await writeFile(pager, `#!/bin/sh\necho "paged with $LESS"; exec cat\n`);
	await chmod(pager, 0o755);
	/** @param {string} command @param {NodeJS.ProcessEnv} more */
	const shown = async (command, more) => {
		const { code, text } = await onTerminal(command, { ...environment, ...more });
		assert.equal(code, 0, text);
		return withoutColours(text);
	};
	for (const command of ["list", "search machine", "tag list", `show ${page}`])
		assert.match(
			await shown(`url-notes ${command}`, { PAGER: pager }),
			/^paged with FRX\n/u,
		);
	assert.match(
		await shown("url-notes list", { PAGER: `'${pager}'`, LESS: "-S" }),
		/^paged with -S\n/u,
	);
	assert.match(
		await shown("url-notes list --no-pager", { PAGER: pager }),
		/^(today|yesterday)/u,
	);
	assert.match(await shown("url-notes list --json", { PAGER: pager }), /^\[/u);
	for (const none of ["", "cat", "no-such-pager --x"]) {
		const text = await shown("url-notes list", { PAGER: none });
		assert.equal(text.match(/Machine learning/gu)?.length, 1, `${none}: ${text}`);
	}
	// One that ends before it has read all is no failure.
	assert.equal(await shown("url-notes list", { PAGER: "true" }), "");
	// less itself ends where it all fits.
	assert.match(await shown("url-notes list", {}), /Machine learning/u);
});

test("Ctrl+C while the pager or the editor has the terminal is theirs", async (t) => {
	const { environment, folder } = await desk(t);
	const script = path.join(folder, "deaf");
	await writeFile(
		script,
		'#!/bin/sh\ntrap "echo heard" INT\necho ready\nread answer < /dev/tty\nread answer < /dev/tty\n',
	);
	await chmod(script, 0o755);
	const variables = { ...environment, PAGER: script, EDITOR: script };
	for (const command of ["url-notes list", `url-notes edit ${page}`]) {
		const terminal = new Terminal(
			`trap : INT; ${command}; echo "ended with $?"`,
			variables,
		);
		await terminal.shows(/ready/u);
		terminal.type("\u0003");
		await terminal.shows(/heard/u);
		terminal.type("\n\n");
		await terminal.shows(/ended with 0/u);
		await terminal.ended;
	}
});

test("a mistake in an edit is reported, and the text can be edited again", async (t) => {
	const { environment, folder, run } = await desk(t);
	const editor = path.join(folder, "editor");
	// The first time it breaks the file, the second time it mends it.
	await writeFile(
		editor,
		'#!/bin/sh\nif grep -q broken "$1"; then sed -i \'s/^broken/title/\' "$1"\nelse sed -i \'s/^title:.*/broken: Typed/\' "$1"; fi\n',
	);
	await chmod(editor, 0o755);
	const variables = { ...environment, EDITOR: editor };
	const terminal = new Terminal(`url-notes edit ${page}`, variables);
	await terminal.shows(/Line 2 is neither .* Edit again\? \[Y\/n\] /u);
	terminal.type("\n");
	await terminal.shows(/Changed\./u);
	assert.equal(await terminal.ended, 0);
	assert.match(run("show", page), /^title {6}Typed$/mu);
	const refused = new Terminal(`url-notes edit ${page}`, variables);
	await refused.shows(/Edit again/u);
	refused.type("n\n");
	const told = await refused.shows(/continue with `url-notes edit \d+ --file \S+`/u);
	assert.equal(await refused.ended, 1);
	const file = /--file (\S+)`/u.exec(told)?.[1] ?? "";
	assert.match(await readFile(file, "utf8"), /^broken: Typed$/mu);
});

test("Ctrl+C is the editor's also when it edits again, and ends the question", async (t) => {
	const { environment, folder, run } = await desk(t);
	const editor = path.join(folder, "editor");
	// The first time it breaks the file; the second time it is pressed Ctrl+C, then mends it.
	await writeFile(
		editor,
		`#!/bin/sh
if grep -q broken "$1"; then
	trap "echo heard" INT; echo ready; read answer < /dev/tty; read answer < /dev/tty
	sed -i 's/^broken/title/' "$1"
else sed -i 's/^title:.*/broken: Typed/' "$1"; fi
`,
	);
	await chmod(editor, 0o755);
	const variables = { ...environment, EDITOR: editor };
	const command = `trap : INT; url-notes edit ${page}; echo "ended with $?"`;
	const terminal = new Terminal(command, variables);
	await terminal.shows(/Edit again/u);
	terminal.type("\n");
	await terminal.shows("ready");
	terminal.type("\u0003");
	await terminal.shows("heard");
	terminal.type("\n\n");
	await terminal.shows(/Changed\.\s+ended with 0/u);
	await terminal.ended;
	assert.match(run("show", page), /^title {6}Typed$/mu);
	const asked = new Terminal(command, variables);
	await asked.shows(/Edit again/u);
	asked.type("\u0003");
	await asked.shows("ended with 130");
	await asked.ended;
});

test("an import on a terminal tells how far it is", async (t) => {
	const { environment, folder } = await desk(t);
	const links = Array.from({ length: 30_000 }, (_, at) => `https://e.org/${at}\n`);
	const file = path.join(folder, "links");
	await writeFile(file, links.join(""));
	const { code, text } = await onTerminal(`url-notes import ${file}`, environment);
	assert.equal(code, 0);
	// A line that takes the place of the one before.
	const lines = text.split(`\r${esc}[K`);
	assert.match(lines[1] ?? "", /^\d+ %, \d+ rows, \d+ a second$/u);
	assert.match(
		lines.at(-1) ?? "",
		/^A list of addresses, OneTab \(lines\)\n30000 rows read = /u,
	);
});

/** How each shell starts, with completion of our commands and a prompt to wait for. */
const shells = [
	{
		shell: "bash",
		start: "bash --norc --noprofile -i",
		load: "PS1='re''ady> '; bind 'set enable-bracketed-paste off'; source <(url-notes completions bash)",
	},
	{
		shell: "zsh",
		start: "zsh -f -i",
		load: "fpath=(~/functions $fpath); autoload -Uz compinit; compinit -u -D; PROMPT='re''ady> '",
	},
	{
		shell: "fish",
		start: "fish --no-config",
		load: "url-notes completions fish | source; function fish_prompt; echo -n 're''ady> '; end",
	},
];

/**
 * A shell that completes our commands. What is run there tells the words that it is given.
 * @param {import("node:test").TestContext} t
 * @param {{ start: string, load: string }} shell
 */
async function completing(t, { start, load }) {
	const { environment, folder, run } = await desk(t);
	await mkdir(path.join(folder, "functions"));
	// By the name under which it is installed.
	await writeFile(path.join(folder, "functions/_url-notes"), run("completions", "zsh"));
	// In the place of the program, but for what the shell asks.
	const programs = path.join(folder, "programs");
	await mkdir(programs);
	const words = path.join(programs, "url-notes");
	await writeFile(
		words,
		`#!/bin/sh\ncase $1-$# in\ncomplete-* | completions-2) exec '${builtProgram}' "$@" ;;\nesac\nprintf '<%s>' "$@"\necho\n`,
	);
	await chmod(words, 0o755);
	const variables = { ...environment, PATH: `${programs}:/usr/bin:/bin` };
	const terminal = new Terminal(start, variables, 200);
	t.after(() => terminal.child.kill("SIGKILL"));
	terminal.type(`cd; ${load}\n`);
	await terminal.shows("ready> ");
	return { terminal, folder, run };
}

for (const { shell, start, load } of shells) {
	test(`${shell} completes commands, options, tags and notes`, async (t) => {
		const { terminal, run } = await completing(t, { start, load });
		const id = JSON.parse(run("show", page, "--json")).id;
		/** @type {[string, string][]} */
		const cases = [
			["url-notes sea\t", "url-notes search "],
			["url-notes list --tag mach\t", "url-notes list --tag machine\\ learning "],
			["url-notes list --tr\t", "url-notes list --trash "],
			["url-notes show 1\t", `url-notes show ${id} `],
			["url-notes show https://e.\t", "url-notes show https://e.org/a "],
			["url-notes tag ren\t", "url-notes tag rename "],
			["url-notes search tag:gp\t", "url-notes search tag:gpu "],
			["url-notes --color=n\t", "url-notes --color=never "],
		];
		for (const [typed, completed] of cases) {
			terminal.type(`${typed}\n`);
			const words = completed.trim().replaceAll("\\ ", "\u0000").split(" ").slice(1);
			const told = words.map((word) => `<${word.replaceAll("\u0000", " ")}>`).join("");
			await terminal.shows(told);
			await terminal.shows("ready> ");
		}
	});
}

test("bash runs nothing of an address or a tag that it completes", async (t) => {
	const { start, load } = shells[0] ?? assert.fail();
	const { terminal, folder, run } = await completing(t, { start, load });
	const address = (/** @type {string} */ name) =>
		`https://${name}.example/$(touch\${IFS}pwned1)\`touch\${IFS}pwned2\``;
	const tag = 'x$(touch pwned3)\\"`touch pwned4`';
	for (const name of ["plain", "double", "single"])
		run("add", address(name), "--tag", tag);
	run("add", "https://end.example/'$(>pwned5)'");
	run("add", "https://past.example/!!");
	/** @type {[string, string][]} */
	const cases = [
		["url-notes show https://pl\t", address("plain")],
		['url-notes show "https://do\t', address("double")],
		["url-notes show 'https://si\t", address("single")],
		['url-notes list --tag "x\t', tag],
		["url-notes list --tag 'x\t", tag],
		["url-notes list --tag x\t", tag],
		// What can't stay as it is within these quotes isn't offered.
		["url-notes show 'https://en\t'", "https://en"],
		['url-notes show "https://pa\t"', "https://pa"],
		["url-notes show h'ttps://en\t'", "https://en"],
	];
	for (const [typed, completed] of cases) {
		terminal.type(`${typed}\n`);
		await terminal.shows(`<${completed}>`);
		await terminal.shows("ready> ");
	}
	const left = await readdir(folder);
	assert.deepEqual(
		left.filter((name) => name.startsWith("pwned")),
		[],
	);
});

test("the manual page is read without a warning", async (t) => {
	const { folder, run } = await desk(t);
	const file = path.join(folder, "url-notes.1");
	await writeFile(file, run("man"));
	execFileSync("mandoc", ["-T", "lint", "-W", "style,stop", file], { encoding: "utf8" });
	const text = execFileSync("mandoc", ["-T", "utf8", file], { encoding: "utf8" });
	// Bold is written twice.
	const plain = text.replaceAll(new RegExp(`.${String.fromCharCode(8)}`, "gu"), "");
	assert(plain.includes("EXIT STATUS"));
	const told = execFileSync(
		"sh",
		["-c", `man --warnings -l -Tascii '${file}' 2>&1 >/dev/null`],
		{
			env: { PATH: "/usr/bin:/bin", MANWIDTH: "80", LC_ALL: "C.UTF-8" },
			encoding: "utf8",
		},
	);
	assert.equal(told, "");
});

test("the inbox on a terminal is read page by page with keys", async (t) => {
	const { environment, folder, run } = await desk(t);
	const opener = path.join(folder, "xdg-open");
	await writeFile(opener, `#!/bin/sh\necho "$1" > '${folder}/opened'\n`);
	await chmod(opener, 0o755);
	const entries = [1, 2, 3, 4].map((n) => ({
		url: `https://feed.example/${n}`,
		title: `Arrival ${n} ${esc}]0;pwned\u0007`,
		excerpt: "機械学習 ".repeat(200),
	}));
	execFileSync(putArrivals, [path.join(folder, "data/notes.db")], {
		input: JSON.stringify({
			url: "https://feed.example/",
			title: "A feed",
			tags: ["blog"],
			entries,
		}),
	});
	const terminal = new Terminal(
		"url-notes inbox",
		{ ...environment, PATH: `${folder}:${environment.PATH}` },
		60,
	);
	await terminal.shows(/1 of 4.*A feed.*Arrival 4.*q quit/su);
	terminal.type("j");
	await terminal.shows(/2 of 4.*Arrival 3.*blog.*q quit/su);
	terminal.type("\n");
	await terminal.shows(/Opened in the browser/su);
	assert.equal(await readFile(`${folder}/opened`, "utf8"), "https://feed.example/3\n");
	terminal.type("s");
	await terminal.shows(/2 of 3.*Arrival 2.*Saved: Arrival 3/su);
	terminal.type("d");
	await terminal.shows(/2 of 2.*Arrival 1.*Skipped/su);
	terminal.type("u");
	await terminal.shows(/of 3.*Back in the inbox: 1 page/su);
	terminal.type(`${esc}[A`);
	await terminal.shows(/2 of 3.*Arrival 2.*q quit/su);
	terminal.type("D");
	await terminal.shows(/The inbox is empty\./su);
	const { code, text } = await terminal.text();
	assert.equal(code, 0);
	assert(!text.includes(`${esc}]0;`));
	assert.deepEqual(JSON.parse(run("list", "--json"))[0].tags, ["blog"]);
	run("inbox", "undo");
	const listed = await onTerminal("url-notes inbox --list --no-pager", environment);
	assert.match(withoutColours(listed.text), /^today \d\d:\d\d +Arrival 4/u);
	const leaving = new Terminal("url-notes inbox; stty -a", environment);
	await leaving.shows(/1 of 3/su);
	leaving.type("\u0003");
	// The terminal is as before.
	await leaving.shows(/3 pages in the inbox\..* icanon.* echo /su);
});
