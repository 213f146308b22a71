// Finds the file that is equivalent to an address of the served site. There, the name of a tag is
// in the address unchanged (`/tag/web%2Ftech?without=amd`) and the server narrows lists; here, file
// names are safe everywhere (host/src/site/file_names.rs) and the search narrows. Runs on the page
// for missing files, and on pages whose address has a query that their file ignores.

import { nameOf, noteOf, notesWith, pageOf, root, searchFor, start } from "./pieces.js";
import { siteOf, tagOf } from "./query.js";

/** @typedef {import("./pieces.js").Start} Start */

/** The folders of a list's orders, by their names in addresses. */
const ORDERS = {
	tags: new Map([
		["name", "name"],
		["recent", "recent"],
		["recency", "recent"],
	]),
	sites: new Map([["name", "name"]]),
};
/** Most notes that are searched for one of the site itself, not of a subdomain. */
const LOOKED_INTO = 2_000;

const asked = new URLSearchParams(location.search);
const path = location.pathname.startsWith(root.pathname)
	? location.pathname.slice(root.pathname.length)
	: "";
const [kind, ...names] = path
	.replace(/(^|\/)index\.html$/, "")
	.replace(/\/+$/, "")
	.split("/")
	.map(decoded);
const isFeed = names.length > 1 && names.at(-1) === "feed.atom";
if (isFeed) names.pop();
/** The name of a tag or a site in a path. `.` and `..` need another form. */
const name = names.join("/") || (asked.get("name") ?? "");

/** Returns the address of the equivalent page, if there is one. */
async function whereTo() {
	switch (kind) {
		case "tags":
		case "sites": {
			const order = ORDERS[kind].get(asked.get("sort") ?? "");
			if (names.length === 0) return page(order ? `${kind}/${order}` : kind);
			return undefined;
		}
		case "tag":
			return name === "" ? page("tags") : tagged(tagOf(name));
		case "site":
			return name === "" ? page("sites") : from(siteOf(name));
		case "all":
		case "note": {
			const number = /^\+?(\d{1,20})$/.exec(name || (kind === "all" ? "0" : ""))?.[1];
			return number === undefined ? undefined : page(`${kind}/${BigInt(number)}`);
		}
		case "search":
			return names.length === 0 ? searchFor(asked.get("q") ?? "") : undefined;
		case "feed.atom":
			return names.length === 0 ? new URL("feed.atom", root).href : undefined;
		default:
			return undefined;
	}
}

/** @param {string} folder */
const page = (folder) => new URL(`${folder}/index.html`, root).href;

/** @param {string} tag */
async function tagged(tag) {
	const others = [...asked.getAll("with"), ...asked.getAll("tag")].map(tagOf);
	const wanted = new Set([tag, ...others.filter((other) => other !== "")]);
	const unwanted = new Set(asked.getAll("without").map(tagOf));
	unwanted.delete("");
	if (!isFeed && wanted.size + unwanted.size > 1) {
		const conditions = [...wanted].map((tag) => condition("", tag));
		conditions.push(...[...unwanted].map((tag) => condition("-", tag)));
		return searchFor(`${conditions.join(" ")} `);
	}
	const there = await folderOf("tag", `=${tag}`, tag);
	// The tag itself, without those that imply it, has no page.
	if (!there && !isFeed && tag.startsWith("=")) {
		const notes = await notesOf(`=${tag.slice(1)}`);
		if (notes.length > 0) return searchFor(`${condition("", tag)} `);
	}
	return isFeed ? there?.replace(/[^/]+$/, "feed.atom") : there;
}

/** @param {string} site */
async function from(site) {
	const there = await folderOf("site", `:${site}`, site);
	// A domain with notes only on its subdomains has no page.
	if (there !== undefined || (await notesOf(`:${site}`)).length === 0) return there;
	return searchFor(`site:${site} `);
}

/**
 * @param {string} sign
 * @param {string} tag
 */
function condition(sign, tag) {
	return /\s/.test(tag) ? `${sign}tag:"${tag}"` : `${sign}tag:${tag}`;
}

/**
 * Returns the numbers of the notes that have a word of the index, newest first.
 * @param {string} word
 */
async function notesOf(word) {
	const has = await notesWith(word, false, await start());
	return [...has.keys()].filter((number) => has[number]).reverse();
}

/**
 * Returns the page of a tag or a site. Its file name is read from a note that has it.
 * @param {"tag" | "site"} kind
 * @param {string} word of the index
 * @param {string} name
 */
async function folderOf(kind, word, name) {
	const known = await start();
	const numbers = await notesOf(word);
	// Where some have the tag only by implication, those that have it themselves.
	const own = await notesOf(`:!${word}`);
	for (const number of (own.length > 0 ? own : numbers).slice(0, LOOKED_INTO)) {
		const { tags, site } = await noteOf(number, known);
		const all = kind === "tag" ? tags : site === undefined ? [] : [site];
		const named = all.find((one) => nameOf(one) === name);
		if (named !== undefined) return pageOf(kind, named, await turned(numbers, known));
	}
	return undefined;
}

/**
 * Returns the listing page that continues where `?before=` begins.
 * @param {number[]} numbers
 * @param {Start} known
 */
async function turned(numbers, known) {
	const before = Number(asked.get("before") ?? Number.NaN);
	if (Number.isNaN(before)) return 0;
	const piece = known.moments.findLastIndex((moment) => moment * 1e6 <= before);
	let first = Math.max(piece, 0) * known.notesPerPiece;
	const end = Math.min(first + known.notesPerPiece, known.notes);
	while (first < end && (await noteOf(first, known)).id < before) first++;
	const newer = numbers.filter((number) => number >= first).length;
	const last = Math.ceil(numbers.length / known.notesPerPage) - 1;
	return Math.min(Math.floor(newer / known.notesPerPage), last);
}

/** @param {string} segment */
function decoded(segment) {
	try {
		return decodeURIComponent(segment);
	} catch {
		return segment;
	}
}

/** @param {string} address */
function isHere(address) {
	const bare = (/** @type {string} */ path) => path.replace(/(\/index\.html|\/)$/, "");
	return bare(new URL(address).pathname) === bare(location.pathname);
}

/** Shows that nothing was found, and other pages. */
function giveUp() {
	const outcome = document.querySelector("#lost");
	if (!outcome) return;
	outcome.textContent = "This page doesn't exist.";
	const words = name || [kind, ...names].join(" ").trim();
	if (words === "") return;
	const quoted = document.createElement("bdi");
	quoted.textContent = words;
	const link = document.createElement("a");
	link.href = searchFor(words);
	link.append("Search the notes for “", quoted, "”");
	const paragraph = document.createElement("p");
	paragraph.append(link);
	outcome.after(paragraph);
}

async function lead() {
	const outcome = document.querySelector("#lost");
	if (outcome) outcome.textContent = "Looking for this page …";
	const there = await whereTo();
	if (there === undefined || isHere(there)) giveUp();
	else location.replace(there + location.hash);
}

// Also if a piece of the index is missing.
lead().catch(giveUp);
