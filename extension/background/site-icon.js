/**
 * The icon of a saved page's web site: takes it from the browser and makes a small PNG image of
 * it. Nothing is requested from the network.
 *
 * Firefox hands over the icon itself, as a `data:` URL (`tabs.Tab.favIconUrl`). Chromium hands over
 * its address; a function in the page then reads it from the browser's HTTP cache, where the
 * browser has put it to show it in the tab. `only-if-cached` fails instead of asking the network
 * (Fetch, "request cache mode"), and needs an icon of the page's own origin. Measured in Chromium
 * 156 and Firefox ESR 153: `activeTab` is enough for both, the page's Content-Security-Policy
 * doesn't matter, and the cache is the page's own partition. An icon with `Cache-Control: no-store`
 * or from another origin can't be read in Chromium, and its web site stays without one. So does a
 * page whose requests a service worker handles, since that worker could ask the network.
 *
 * Chromium's `_favicon/` interface would have all icons, but its permission "favicon" warns the user
 * (https://developer.chrome.com/docs/extensions/how-to/ui/favicons).
 */

import { browser } from "../shared/browser.js";
import { imageSize } from "./image-size.js";

/** Larger images aren't read, in bytes. */
const MAX_BYTES = 256 * 1024;
/** Larger images aren't decoded, in pixels. */
const MAX_SIDE = 1024;
/** Largest icon that the host takes, in bytes. */
const MAX_ICON_BYTES = 4096;
/** Sides of the icon in pixels, the best first. */
const SIDES = [32, 16];
/** Longest Base64 of an image. */
const MAX_TEXT = Math.ceil(MAX_BYTES / 3) * 4;

/**
 * The icon of the page that a tab shows, as PNG in Base64; null if there is none that can be read.
 * @param {string} address The tab's `favIconUrl`.
 * @param {number} [tabId] Without it, the page isn't read.
 * @returns {Promise<string | null>}
 */
export async function iconOf(address, tabId = undefined) {
	if (address.length > MAX_TEXT) return null;
	const given = imageOf(address);
	const isInPage = given ? isSvg(given.type) && !hasDocument() : isOnWeb(address);
	if (!given && !isInPage) return null;
	if (isInPage && tabId === undefined) return null;
	const image = isInPage ? imageOf(await readInPage(address, tabId ?? -1)) : given;
	if (!image) return null;
	const drawable = isSvg(image.type) ? await ofSvg(image.bytes) : await ofPixels(image);
	return drawable && (await smallPng(drawable));
}

/**
 * The image in a `data:` URL; null if it is none, or too large.
 * @param {string} address
 * @returns {{type: string, bytes: Uint8Array<ArrayBuffer>} | null}
 */
export function imageOf(address) {
	const [, head, content] = /^data:(image\/[^,]{1,100}),(.*)$/is.exec(address) ?? [];
	if (!head || content === undefined || content.length > MAX_TEXT) return null;
	const isBase64 = /;\s*base64$/i.test(head);
	try {
		const text = decodeURIComponent(content);
		const bytes = isBase64
			? Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
			: new TextEncoder().encode(text);
		const type = (head.split(";")[0] ?? "").toLowerCase();
		return bytes.length > MAX_BYTES ? null : { type, bytes };
	} catch {
		return null;
	}
}

/** @param {string} type */
const isSvg = (type) => type === "image/svg+xml";

/** @param {string} address */
const isOnWeb = (address) => /^https?:/i.test(address);

/** Chromium's background has no document, in which alone browsers draw SVG. */
const hasDocument = () => typeof document !== "undefined";

/**
 * Reads an image in the page that a tab shows.
 * @param {string} address
 * @param {number} tabId
 * @returns {Promise<string>} A `data:` URL; empty if it can't be read.
 */
async function readInPage(address, tabId) {
	const results = await browser.scripting.executeScript({
		target: { tabId },
		func: readIcon,
		args: [address, MAX_BYTES, SIDES[0] ?? 0],
		injectImmediately: true,
	});
	const read = results[0]?.result;
	return typeof read === "string" ? read : "";
}

/**
 * Runs inside the page, in a world of its own. It must not use anything from outside its own
 * braces. Reads an icon from the browser's cache; an SVG image is drawn, in an image element, where
 * it neither runs scripts nor loads anything.
 * @param {string} address
 * @param {number} limit In bytes.
 * @param {number} side Of the drawn image, in pixels.
 * @returns {Promise<string>} A `data:` URL; empty if it can't be read.
 */
export async function readIcon(address, limit, side) {
	if (/^https?:/i.test(address) && navigator.serviceWorker?.controller) return "";
	try {
		const answer = await fetch(address, { cache: "only-if-cached", mode: "same-origin" });
		if (!answer.ok) return "";
		const image = await answer.blob();
		if (image.size > limit) return "";
		/** @type {string} */
		const url = await new Promise((resolve, reject) => {
			const reader = new FileReader();
			reader.onload = () => resolve(/** @type {string} */ (reader.result));
			reader.onerror = reject;
			reader.readAsDataURL(image);
		});
		if (!url.startsWith("data:image/svg+xml")) return url;
		const element = new Image();
		element.src = url;
		await element.decode();
		const canvas = document.createElement("canvas");
		canvas.width = side;
		canvas.height = side;
		canvas.getContext("2d")?.drawImage(element, 0, 0, side, side);
		return canvas.toDataURL("image/png");
	} catch {
		return "";
	}
}

/**
 * @typedef {object} Drawable
 * @property {CanvasImageSource} source
 * @property {number} width
 * @property {number} height
 * @property {() => void} close
 */

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<Drawable | null>}
 */
async function ofSvg(bytes) {
	if (!hasDocument()) return null;
	const source = new Image();
	const letters = Array.from(bytes, (byte) => String.fromCharCode(byte));
	source.src = `data:image/svg+xml;base64,${btoa(letters.join(""))}`;
	await source.decode();
	const [side = 0] = SIDES;
	const { naturalWidth: width = side, naturalHeight: height = side } = source;
	return { source, width: width || side, height: height || side, close: () => {} };
}

/**
 * @param {{type: string, bytes: Uint8Array<ArrayBuffer>}} image
 * @returns {Promise<Drawable | null>}
 */
async function ofPixels({ type, bytes }) {
	const size = imageSize(bytes);
	if (!size || Math.max(size.width, size.height) > MAX_SIDE) return null;
	const source = await createImageBitmap(new Blob([bytes], { type }));
	const { width, height } = source;
	return { source, width, height, close: () => source.close() };
}

/**
 * Draws an image into a square. Null if nothing of it can be seen, or if it stays too large.
 * @param {Drawable} drawable
 * @returns {Promise<string | null>} PNG in Base64.
 */
async function smallPng({ source, width, height, close }) {
	try {
		const longer = Math.max(width, height);
		for (const side of SIDES) {
			// A small image isn't enlarged.
			if (side > longer && side !== SIDES.at(-1)) continue;
			const canvas = new OffscreenCanvas(side, side);
			const context = canvas.getContext("2d");
			if (!context) return null;
			context.imageSmoothingQuality = "high";
			const [w, h] = [width, height].map((length) => (length / longer) * side);
			if (!w || !h) return null;
			context.drawImage(source, (side - w) / 2, (side - h) / 2, w, h);
			const pixels = context.getImageData(0, 0, side, side).data;
			if (pixels.every((value, at) => at % 4 !== 3 || value === 0)) return null;
			const blob = await canvas.convertToBlob({ type: "image/png" });
			if (blob.size > MAX_ICON_BYTES) continue;
			const bytes = new Uint8Array(await blob.arrayBuffer());
			return btoa(String.fromCharCode(...bytes));
		}
		return null;
	} finally {
		close();
	}
}
