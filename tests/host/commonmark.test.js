// CommonMark's own examples as notes, with the real program: each note's page and its preview
// in the popup show what the specification says, except for our rules of filtering. The
// expected result comes from the syntax tree of another implementation.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import * as commonmark from "commonmark";
import { tests as examples } from "commonmark-spec";
import { parseFragment, serialize } from "parse5";
import { putNotes } from "../browser/program.js";
import { Program } from "./program.js";

const run = promisify(execFile);

/** The attributes of every link in a note. */
const LINK = 'rel="noreferrer noopener" target="_blank"';

/** @param {string} text */
const escaped = (text) =>
	text
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;")
		.replaceAll('"', "&quot;");

/** Whole, and of a scheme that does no harm. @param {string} address */
function isLinkable(address) {
	return (
		URL.canParse(address) &&
		["http:", "https:", "mailto:"].includes(new URL(address).protocol)
	);
}

/**
 * The specification's renderer, but for the filter's rules: raw HTML is text (a block
 * of it a paragraph), an image is its words, both link only where a click is harmless
 * and not within another link, and the highest headings are the second ones of the page.
 *
 * @param {string} markdown
 */
function filtered(markdown) {
	const tree = new commonmark.Parser().parse(markdown);
	let highest = 7;
	const walk = tree.walker();
	for (let step = walk.next(); step; step = walk.next())
		if (step.node.type === "heading") highest = Math.min(highest, step.node.level);

	const renderer = /** @type {any} */ (new commonmark.HtmlRenderer());
	/** @type {(string | null)[]} */
	const open = [];
	/** @param {commonmark.Node} node @param {boolean} entering */
	const link = (node, entering) => {
		if (entering) {
			const { destination, title } = node;
			const is =
				!open.some((ending) => ending) && isLinkable(decodeURI(destination ?? ""));
			open.push(is ? "</a>" : "");
			if (is) {
				const titled = title ? ` title="${escaped(title)}"` : "";
				renderer.lit(`<a href="${escaped(destination ?? "")}"${titled} ${LINK}>`);
			}
		} else renderer.lit(open.pop() ?? "");
	};
	Object.assign(renderer, {
		link,
		image: link,
		html_inline: (/** @type {commonmark.Node} */ node) => renderer.out(node.literal),
		html_block: (/** @type {commonmark.Node} */ node) => {
			renderer.cr();
			renderer.lit("<p>");
			renderer.out(node.literal);
			renderer.lit("</p>");
			renderer.cr();
		},
		heading: (/** @type {commonmark.Node} */ node, /** @type {boolean} */ entering) => {
			const level = Math.min(6, node.level - highest + 2);
			if (entering) renderer.cr();
			renderer.lit(`<${entering ? "" : "/"}h${level}>`);
			if (!entering) renderer.cr();
		},
	});
	return renderer.render(tree);
}

/**
 * HTML as a browser reads it, whichever way it was written down.
 * @param {string} html
 */
function asRead(html) {
	return serialize(parseFragment(html))
		.replaceAll(/\s+(?=<\/(?:p|li|blockquote|div)>)/g, "")
		.replaceAll(/(?<=<(?:li|blockquote|ul|ol)[^>]*>)\s+/g, "")
		.trim();
}

/** The user's text on the page of a note. @param {string} page */
function summaryOf(page) {
	const [, rest] = page.split(/<div class="summary"[^>]*>/, 2);
	assert(rest !== undefined, "the page shows a summary");
	/** @type {any} */
	const { childNodes } = parseFragment(`<div>${rest}`);
	return asRead(serialize(childNodes[0]));
}

/**
 * What the popup gets of a note, as the HTML that the site writes of the same.
 * @param {import("../../extension/protocol.js").MarkdownNode[]} nodes
 * @returns {string}
 */
function previewed(nodes) {
	return nodes
		.map((node) => {
			if (typeof node === "string") return escaped(node);
			const { name, href, title, start, children = [] } = node;
			if (name === "br" || name === "hr") return `<${name} />`;
			const link = href === undefined ? "" : ` href="${escaped(href)}"`;
			const titled = title === undefined ? "" : ` title="${escaped(title)}"`;
			const rest =
				name === "a" ? ` ${LINK}` : start === undefined ? "" : ` start="${start}"`;
			return `<${name}${link}${titled}${rest}>${previewed(children)}</${name}>`;
		})
		.join("");
}

/** As {@link asRead}, without what a preview leaves out or writes otherwise. @param {string} html */
const inPreview = (html) =>
	asRead(html)
		.replaceAll(/<code class="language-[^"]*">/g, "<code>")
		.replaceAll(/\s*(<\/?(?:p|h\d|ul|ol|li|blockquote|pre|hr|br)\b[^>]*>)\s*/g, "$1")
		.replaceAll(/(?<=href=")[^"]*/g, (address) => decoded(address));

/** An address without the encoding that HTML writes it in. @param {string} address */
function decoded(address) {
	try {
		return decodeURI(address);
	} catch {
		return address;
	}
}

test("CommonMark's examples look as the specification says, but for the filter's rules", async (t) => {
	assert.equal(examples.length, 652);
	const notes = examples.map(({ markdown, number }) => ({
		url: `https://e.org/${number}`,
		title: `Example ${number}`,
		tags: [],
		// The specification writes tabs as arrows.
		summary: markdown.replaceAll("→", "\t"),
		excerpt: null,
	}));
	const program = await Program.start(t);
	const putting = run(putNotes, [path.join(program.folder, "notes.db")]);
	putting.child.stdin?.end(JSON.stringify(notes));
	/** @type {number[]} */
	const ids = JSON.parse((await putting).stdout);
	await program.served();

	/** @type {string[]} */
	const faults = [];
	let asSpecified = 0;
	for (const [at, { html, number, section }] of examples.entries()) {
		const markdown = notes[at]?.summary ?? "";
		const specified = html.replaceAll("→", "\t");
		// The tree from which the rules are worked out is the specification's.
		const plain = new commonmark.HtmlRenderer().render(
			new commonmark.Parser().parse(markdown),
		);
		assert.equal(plain, specified, `${number}`);
		const { status, text } = await program.page(`/note/${ids[at]}`);
		assert.equal(status, 200);
		const expected = asRead(filtered(markdown));
		const shown = markdown.trim() === "" ? "" : summaryOf(text);
		if (expected === asRead(specified)) asSpecified += 1;
		if (shown !== expected)
			faults.push(
				`${number} (${section}):\n${markdown}\n--- expected\n${expected}\n--- shown\n${shown}`,
			);
		const { nodes } = await program.ask("renderMarkdown", { text: markdown });
		const preview = inPreview(previewed(nodes));
		if (preview !== inPreview(filtered(markdown)))
			faults.push(
				`${number} (${section}), preview:\n${markdown}\n--- expected\n${inPreview(filtered(markdown))}\n--- previewed\n${preview}`,
			);
	}
	assert.deepEqual(faults.slice(0, 20), [], `${faults.length} differ`);
	// Most of them are the very examples.
	assert(asSpecified > 400, `${asSpecified}`);
});
