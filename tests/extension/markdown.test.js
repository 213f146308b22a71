// The preview of a note: the same as the site makes of it, and never anything else than
// the elements that a note may have.

import assert from "node:assert/strict";
import { test } from "node:test";
import { tests as examples } from "commonmark-spec";
import { readMarkdown } from "../../extension/shared/markdown.js";

/** @typedef {import("../../extension/shared/markdown.js").Part} Part */

const escaped = (/** @type {string} */ text) =>
	text
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;")
		.replaceAll('"', "&quot;");

/**
 * As the specification writes it.
 * @param {(Part | string)[]} parts
 * @returns {string}
 */
function html(parts) {
	return parts
		.map((part) => {
			if (typeof part === "string") return escaped(part);
			const { name, attributes = {}, content } = part;
			if (name === "br" || name === "hr") return `<${name} />`;
			if (name === "task") return html(content);
			const said = Object.entries(attributes).map(([k, v]) => ` ${k}="${escaped(v)}"`);
			return `<${name}${said.join("")}>${html(content)}</${name}>`;
		})
		.join("");
}

for (const [markdown, expected] of /** @type {const} */ ([
	["Caching **halved** it.", "<p>Caching <strong>halved</strong> it.</p>"],
	[
		"- **Model:** a\n  - `code <b>`\n    - deeper\n- second\n\n3. third\n4. fourth",
		"<ul><li><strong>Model:</strong> a<ul><li><code>code &lt;b&gt;</code><ul><li>deeper</li></ul></li></ul></li><li>second</li></ul>" +
			'<ol start="3"><li>third</li><li>fourth</li></ol>',
	],
	[
		'```rust\nlet a = "<b>";\n```\n\n|a|b|\n|-|:-:|\n|1|~~2~~|',
		'<pre><code>let a = &quot;&lt;b&gt;&quot;;\n</code></pre><table><thead><tr><th>a</th><th class="center">b</th></tr></thead>' +
			'<tbody><tr><td>1</td><td class="center"><del>2</del></td></tr></tbody></table>',
	],
	["- [x] done\n- [ ] not", "<ul><li>☑ done</li><li>☐ not</li></ul>"],
	[
		"> quoted\n>\n> [in the page](<https://e.org/a#:~:text=a,-b>)",
		'<blockquote><p>quoted</p><p><a href="https://e.org/a#:~:text=a,-b">in the page</a></p></blockquote>',
	],
	[
		"a <img src=x onerror=alert(1)> b <!-- c -->",
		"<p>a &lt;img src=x onerror=alert(1)&gt; b &lt;!-- c --&gt;</p>",
	],
	["<script>*a*</script>", "<p>&lt;script&gt;*a*&lt;/script&gt;</p>"],
	["[a](javascript:alert(1)) [b](/c) [d](data:,x)", "<p>a b d</p>"],
	[
		"![alt *text*](https://e.org/i.png)",
		'<p><a href="https://e.org/i.png">alt <em>text</em></a></p>',
	],
	[
		"[![in](https://e.org/i.png)](https://e.org/)",
		'<p><a href="https://e.org/">in</a></p>',
	],
	["<me@example.org>", '<p><a href="mailto:me@example.org">me@example.org</a></p>'],
	["1986. A great year\n2. b", '<ol start="1986"><li>A great year</li><li>b</li></ol>'],
	["snake_case_word and 2 * 3 * 4", "<p>snake_case_word and 2 * 3 * 4</p>"],
	["", ""],
])) {
	test(`${JSON.stringify(markdown)} is shown as ${expected}`, () => {
		assert.equal(html(readMarkdown(markdown)), expected);
	});
}

test("nearly all of CommonMark's examples look as the specification says", () => {
	/** As it is read: without white space between blocks, links only where they are safe. */
	const read = (/** @type {string} */ text) =>
		text
			.replaceAll("→", "\t")
			.replace(/\n*(<\/?(p|h\d|ul|ol|li|blockquote|pre|hr|br)\b[^>]*>)\n*/g, "$1")
			.replace(/<a href="(?!https?:|mailto:)[^>]*>(.*?)<\/a>/gs, "$1")
			.replace(/ (title|class)="[^"]*"/g, "")
			.trim();
	const ours = /<(?!\/?(p|h\d|ul|ol|li|blockquote|pre|code|hr|br|em|strong|a)\b)/;
	const plain = examples.filter(
		({ section, html }) =>
			!ours.test(html) && !/^(Raw HTML|HTML blocks|Images)$/.test(section),
	);
	assert.ok(plain.length > 550);
	const different = plain.filter(
		(example) =>
			read(html(readMarkdown(example.markdown.replaceAll("→", "\t")))) !==
			read(example.html),
	);
	// The rest is what hardly anybody types, and shown as it was typed: definitions over
	// several lines, rare entities, addresses with signs to be encoded.
	assert.ok(different.length <= 33, different.map(({ number }) => number).join());
});

test("whatever is typed becomes only the elements that a note may have", () => {
	const allowed =
		/^(h[1-6]|p|ul|ol|li|blockquote|pre|code|hr|br|em|strong|del|a|task|table|thead|tbody|tr|th|td)$/;
	const pieces = [
		"<script>",
		"[",
		"](",
		"javascript:",
		"*",
		"_",
		"~~",
		"`",
		"> ",
		"- ",
		"\n",
	];
	pieces.push(
		"|",
		"|-|\n",
		"1. ",
		"#",
		"    ",
		"\t",
		"![",
		")",
		"https://e.org/",
		"&lt;",
		"\\",
		"a",
		"<",
	);
	let seed = 7;
	const next = (/** @type {number} */ below) => {
		seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
		return seed % below;
	};
	/** @param {(Part | string)[]} parts */
	const check = (parts) => {
		for (const part of parts) {
			if (typeof part === "string") continue;
			assert.match(part.name, allowed);
			for (const [key, value] of Object.entries(part.attributes ?? {})) {
				assert.match(key, /^(href|start|class|done)$/);
				if (key === "href") assert.match(value, /^(https?:\/\/|mailto:)/i);
			}
			check(part.content);
		}
	};
	for (let round = 0; round < 3000; round += 1) {
		const text = Array.from({ length: next(40) }, () => pieces[next(pieces.length)]).join(
			"",
		);
		check(readMarkdown(text));
	}
});

test("a note of 64 KiB of anything is read without an end of the stack", () => {
	for (const piece of [
		"*",
		"_a*",
		"*a **a ",
		"[",
		"](",
		"`",
		"> ",
		"- ",
		"  - a\n",
		"a\n=",
		"|",
		"<",
		"~a",
	]) {
		readMarkdown(piece.repeat(65_536 / piece.length));
	}
});

test("no pattern that goes back and forth is given more than a thousand blanks in a row", () => {
	const blanks = " ".repeat(65_000);
	const plain = RegExp.prototype.exec;
	/** Patterns that go through a text once. */
	const once = new Set(["\\r\\n?", "\\0", "\\n$", "\\s+"]);
	/** @type {string[]} */
	const wide = [];
	RegExp.prototype.exec = function (text) {
		// From a place on, a sticky pattern sees only what is there.
		const seen = this.sticky ? text.slice(this.lastIndex) : text;
		if (/** @type {any} */ (seen).includes(" ".repeat(1001)) && !once.has(this.source))
			wide.push(this.source);
		return plain.call(this, text);
	};
	try {
		for (const text of [
			`[a](${blanks}x y`,
			`[a](b${blanks}x`,
			`# a${blanks}b`,
			`a|b\n-|-${blanks}x`,
			`[a]: x${blanks}y`,
			`a${blanks}\nb`,
			`***${blanks}x`,
			`> - [a](\u00a0${blanks}x y`,
		]) {
			assert.ok(readMarkdown(text).length > 0);
		}
	} finally {
		RegExp.prototype.exec = plain;
	}
	assert.deepEqual([...new Set(wide)], []);
});

test("a blank beyond a thousand changes nothing that is seen", () => {
	const read = (/** @type {number} */ count) => {
		const wide = " ".repeat(count);
		return html(readMarkdown(`# a${wide}b\n\nc${wide}\n[d](https://e.org/${wide})`));
	};
	assert.equal(read(20_000), read(1000));
	assert.match(
		read(20_000),
		/^<h1>a {1000}b<\/h1><p>c<br \/><a href="https:\/\/e.org\/">d/,
	);
});

test("a wide table of short rows is filled in to ten thousand cells and no more", () => {
	const columns = 1000;
	const text = `${"a|".repeat(columns)}\n${"-|".repeat(columns)}\n${"x\n".repeat(30_000)}`;
	/** @type {(parts: (Part | string)[]) => number} */
	const cells = (parts) =>
		parts.reduce((sum, part) => {
			if (typeof part === "string") return sum;
			return sum + (part.name === "td" ? 1 : cells(part.content));
		}, 0);
	assert.equal(cells(readMarkdown(text)), 10_000 + 30_000);
	const usual = html(readMarkdown("|a|b|c|\n|-|-|-|\n|1|"));
	assert.match(usual, /<td>1<\/td><td><\/td><td><\/td>/);
});
