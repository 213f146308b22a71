// The icon of a saved page: which images are read at all, and when it is sent to the host.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { mock, test } from "node:test";
import { IconSaves } from "../../extension/background/icon-saves.js";
import { imageSize } from "../../extension/background/image-size.js";
import { imageOf } from "../../extension/background/site-icon.js";
import { SiteIcons } from "../../extension/library/site-icons.js";
import { FakeHost, HELLO, settle } from "./fakes.js";

const own = await readFile(new URL("../../extension/icons/icon-32.png", import.meta.url));

/** @param {...(number | string | number[])} parts */
const bytes = (...parts) =>
	Uint8Array.from(
		parts.flatMap((part) =>
			typeof part === "string" ? [...Buffer.from(part, "latin1")] : part,
		),
	);

test("the size of an image is read without decoding it", () => {
	/** @type {[Uint8Array, number, number][]} */
	const images = [
		[own, 32, 32],
		[
			bytes("\x89PNG\r\n\x1a\n", [0, 0, 0, 13], "IHDR", [0, 0, 255, 255, 0, 0, 255, 254]),
			65535,
			65534,
		],
		[bytes("GIF89a", [16, 1, 32, 0]), 272, 32],
		[
			bytes([0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xc2, 0, 11, 8, 1, 0, 2, 0]),
			512,
			256,
		],
		[
			bytes(
				"RIFF",
				[0, 0, 0, 0],
				"WEBPVP8X",
				[10, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 9, 0, 0],
			),
			65536,
			10,
		],
		[
			bytes("RIFF", [0, 0, 0, 0], "WEBPVP8L", [0, 0, 0, 0, 0x2f, 0x1f, 0xc0, 0x07, 0]),
			32,
			32,
		],
		[
			bytes(
				"RIFF",
				[0, 0, 0, 0],
				"WEBPVP8 ",
				[0, 0, 0, 0, 0, 0, 0, 0x9d, 1, 0x2a, 64, 0, 48, 0],
			),
			64,
			48,
		],
		// An ICO whose entry says 16, with a bitmap of 4096 by 4096 pixels.
		[
			bytes(
				[0, 0, 1, 0, 1, 0],
				[16, 16, 0, 0, 1, 0, 32, 0, 0, 0, 0, 0, 22, 0, 0, 0],
				[40, 0, 0, 0, 0, 16, 0, 0, 0, 32, 0, 0],
			),
			4096,
			4096,
		],
		[
			bytes(
				[0, 0, 1, 0, 1, 0],
				[16, 16, 0, 0, 1, 0, 32, 0, 0, 0, 0, 0, 22, 0, 0, 0],
				[...own],
			),
			32,
			32,
		],
	];
	for (const [image, width, height] of images)
		assert.deepEqual(imageSize(image), { width, height });
});

test("what is no image, or ends before its size, has no size", () => {
	for (const text of [
		"",
		"<svg/>",
		"<html>",
		"%PDF-1.7",
		"GIF8",
		"\x89PNG\r\n\x1a\n",
		"RIFF....WEBPVP8X",
		"\0\0\x01\0\xff\xff",
		"\xff\xd8\xff\xe0\0\0",
	])
		assert.equal(imageSize(bytes(text)), null, text);
	// Never without an end, whatever the bytes are.
	for (let seed = 1; seed < 2000; seed += 1) {
		const image = Uint8Array.from(own.subarray(0, 60), (byte, at) =>
			(seed * at) % 7 === 0 ? (seed * 31 + at) % 256 : byte,
		);
		image.set([0xff, 0xd8, 0xff].slice(0, seed % 4));
		imageSize(image);
	}
});

test("only images in data addresses of a reasonable length are read", () => {
	const png = `data:image/png;base64,${own.toString("base64")}`;
	assert.deepEqual(imageOf(png), { type: "image/png", bytes: Uint8Array.from(own) });
	const svg = imageOf(
		"data:image/svg+xml,%3Csvg%20xmlns=%22http://www.w3.org/2000/svg%22/%3E",
	);
	assert.equal(
		new TextDecoder().decode(svg?.bytes),
		'<svg xmlns="http://www.w3.org/2000/svg"/>',
	);
	for (const address of [
		"",
		"https://example.org/favicon.ico",
		"javascript:alert(1)",
		"data:text/html,<script>alert(1)</script>",
		"data:image/png;base64,%%%",
		"data:image/png;base64,not base64!",
		`data:image/png;base64,${"A".repeat(100 * 1024 * 1024)}`,
	])
		assert.equal(imageOf(address), null, address.slice(0, 60));
});

const PAGE = "https://example.org/a";

class FakeTabs {
	/** @type {any} */ tab = { id: 7, url: PAGE, favIconUrl: "data:image/png;base64,x" };
	/** @type {Set<any>} */ listeners = new Set();
	onUpdated = /** @type {any} */ ({
		addListener: (/** @type {any} */ listener) => this.listeners.add(listener),
		removeListener: (/** @type {any} */ listener) => this.listeners.delete(listener),
	});
	/** @type {any[]} */ others = [];
	query = /** @type {any} */ (async () => this.others);
	get = /** @type {any} */ (
		async () => {
			if (!this.tab) throw new Error("No tab with id: 7.");
			return this.tab;
		}
	);

	/** @param {object} change */
	update(change) {
		Object.assign(this.tab, change);
		for (const listener of this.listeners) listener(7, change, this.tab);
	}
}

/** @param {(address: string) => Promise<string | null>} [take] */
function start(take = async (address) => `icon of ${address}`) {
	const host = new FakeHost();
	/** @type {any[]} */
	const sent = [];
	host.interfere = (method, params) => {
		sent.push([method, params]);
		return { stored: true };
	};
	const tabs = new FakeTabs();
	return { host, sent, tabs, icons: new IconSaves(host, tabs, take) };
}

const SAVED = { method: /** @type {const} */ ("saveNote"), page: PAGE };

test("the icon is sent once after each save of a page that a tab shows", async () => {
	const { sent, icons } = start();
	await icons.answered(SAVED);
	assert.deepEqual(sent, [], "no tab shows the page");
	icons.expect(PAGE, 7);
	await icons.answered({ method: "updateNote", page: PAGE });
	assert.deepEqual(sent, []);
	await icons.answered(SAVED);
	await icons.answered(SAVED);
	const icon = "icon of data:image/png;base64,x";
	assert.deepEqual(sent, [["putIcon", { url: PAGE, icon }]]);
});

test("a page that was saved with all tabs gets the icon that the browser hands over", async () => {
	const { sent, tabs, icons } = start();
	tabs.others = [
		{ id: 1, favIconUrl: "data:unknown" },
		{ id: 2, url: PAGE, incognito: true, favIconUrl: "data:private" },
		{ id: 3, url: PAGE, favIconUrl: "data:given" },
	];
	await icons.answered(SAVED);
	assert.deepEqual(sent, [["putIcon", { url: PAGE, icon: "icon of data:given" }]]);
});

test("the icon of another web site, or of a private tab, is never taken", async () => {
	for (const tab of [
		{ url: "https://other.example/", favIconUrl: "data:," },
		{ url: undefined, favIconUrl: "data:," },
		{ url: PAGE, incognito: true, favIconUrl: "data:," },
		null,
	]) {
		const { sent, tabs, icons } = start();
		tabs.tab = tab;
		icons.expect(PAGE, 7);
		await icons.answered(SAVED);
		assert.deepEqual(sent, []);
	}
});

test("an icon that the browser loads after the click is waited for, but not for long", async () => {
	mock.timers.enable({ apis: ["setTimeout"] });
	try {
		for (const comes of [true, false]) {
			const { sent, tabs, icons } = start();
			tabs.tab.favIconUrl = "";
			icons.expect(PAGE, 7);
			const answered = icons.answered(SAVED);
			await settle();
			if (comes) tabs.update({ favIconUrl: "data:later" });
			else mock.timers.tick(10_000);
			await answered;
			assert.equal(sent.length, comes ? 1 : 0);
			assert.equal(tabs.listeners.size, 0);
		}
	} finally {
		mock.timers.reset();
	}
});

test("a host that is away, older, or refuses, and an icon that can't be read, trouble nobody", async () => {
	for (const spoil of [
		(/** @type {ReturnType<typeof start>} */ { host }) => host.away(),
		(/** @type {ReturnType<typeof start>} */ { host }) => {
			host.hello = { ...HELLO, icons: undefined };
		},
	]) {
		const world = start();
		spoil(world);
		world.icons.expect(PAGE, 7);
		await world.icons.answered(SAVED);
		assert.deepEqual(world.sent, []);
	}
	const refusing = start();
	refusing.host.interfere = () => new Error("invalid_params");
	refusing.icons.expect(PAGE, 7);
	await refusing.icons.answered(SAVED);
	const failing = start(async () => {
		throw new Error("The page can't be read.");
	});
	failing.icons.expect(PAGE, 7);
	await failing.icons.answered(SAVED);
	assert.deepEqual(failing.sent, []);
});

test("the library asks for each web site once, with those of the other rows", async () => {
	/** @type {string[][]} */
	const asked = [];
	const icons = new SiteIcons(async (sites) => {
		asked.push(sites);
		return { "a.org": "AAAA" };
	});
	let loaded = 0;
	icons.onLoad = () => {
		loaded += 1;
	};
	for (const site of ["a.org", "b.org", "a.org", ""]) assert.equal(icons.of(site), "");
	await settle();
	assert.equal(icons.of("a.org"), "data:image/png;base64,AAAA");
	assert.equal(icons.of("b.org"), "");
	for (let n = 0; n < 250; n += 1) icons.of(`s${n}.org`);
	await settle();
	assert.deepEqual(
		asked.map((sites) => sites.length),
		[2, 100, 100, 50],
	);
	assert.equal(loaded, 4);
	const away = new SiteIcons(() => Promise.reject(new Error("away")));
	away.of("a.org");
	await settle();
	assert.equal(away.of("a.org"), "");
});
