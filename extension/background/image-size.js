/**
 * The size of an image, read from its first bytes without decoding it. Pure.
 *
 * A few bytes can claim a size whose pixels fill the memory, so an image from a web page is
 * measured before the browser decodes it.
 */

/** @typedef {{width: number, height: number}} Size */

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const ICO = [0, 0, 1, 0];
const JPEG = [0xff, 0xd8, 0xff];

/**
 * The size of a PNG, GIF, JPEG, WebP or ICO image; of an ICO the largest of its images. Null for
 * anything else, and for an image that is damaged before its size.
 * @param {Uint8Array} bytes
 * @returns {Size | null}
 */
export function imageSize(bytes) {
	try {
		return sizeOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
	} catch {
		// A read beyond the end.
		return null;
	}
}

/**
 * @param {DataView} view
 * @returns {Size | null}
 */
function sizeOf(view) {
	if (begins(view, PNG)) return { width: view.getUint32(16), height: view.getUint32(20) };
	if (begins(view, ascii("GIF8")))
		return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
	if (begins(view, ICO)) return sizeOfIco(view);
	if (begins(view, JPEG)) return sizeOfJpeg(view);
	if (begins(view, ascii("RIFF")) && begins(part(view, 8), ascii("WEBP")))
		return sizeOfWebp(part(view, 12));
	return null;
}

/**
 * @param {DataView} view
 * @returns {Size | null}
 */
function sizeOfIco(view) {
	const largest = { width: 0, height: 0 };
	for (let image = 0; image < view.getUint16(4, true); image += 1) {
		const at = 6 + 16 * image;
		const data = part(view, view.getUint32(at + 12, true));
		// The entry may lie: what counts is the image itself, PNG or a bitmap, whose height is
		// that of its colours and its mask.
		const size = begins(data, PNG)
			? { width: data.getUint32(16), height: data.getUint32(20) }
			: { width: data.getInt32(4, true), height: Math.abs(data.getInt32(8, true)) / 2 };
		largest.width = Math.max(largest.width, size.width);
		largest.height = Math.max(largest.height, size.height);
	}
	return largest.width > 0 ? largest : null;
}

/**
 * @param {DataView} view
 * @returns {Size | null}
 */
function sizeOfJpeg(view) {
	let at = 2;
	for (;;) {
		if (view.getUint8(at) !== 0xff) return null;
		const marker = view.getUint8(at + 1);
		// A fill byte before a marker.
		if (marker === 0xff) {
			at += 1;
			continue;
		}
		const isFrame =
			marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
		if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
		at += 2 + view.getUint16(at + 2);
	}
}

/**
 * @param {DataView} chunk
 * @returns {Size | null}
 */
function sizeOfWebp(chunk) {
	if (begins(chunk, ascii("VP8X")))
		return { width: 1 + uint24(chunk, 12), height: 1 + uint24(chunk, 15) };
	if (begins(chunk, ascii("VP8L"))) {
		const bits = chunk.getUint32(9, true);
		return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff) };
	}
	if (begins(chunk, ascii("VP8 ")))
		return {
			width: chunk.getUint16(14, true) & 0x3fff,
			height: chunk.getUint16(16, true) & 0x3fff,
		};
	return null;
}

/**
 * @param {DataView} view
 * @param {number} at
 */
const uint24 = (view, at) => view.getUint16(at, true) + (view.getUint8(at + 2) << 16);

/**
 * @param {DataView} view
 * @param {number} from
 */
const part = (view, from) =>
	new DataView(view.buffer, view.byteOffset + from, view.byteLength - from);

/** @param {string} text */
const ascii = (text) => [...text].map((letter) => letter.charCodeAt(0));

/**
 * @param {DataView} view
 * @param {number[]} start
 */
const begins = (view, start) =>
	view.byteLength >= start.length &&
	start.every((byte, at) => view.getUint8(at) === byte);
