// The program under test, with a port for its site.

import { createServer } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const project = fileURLToPath(new URL("../..", import.meta.url));

/** Where `cargo build` writes. */
export const target = process.env.CARGO_TARGET_DIR ?? path.join(project, "target");

const built = path.join(target, "debug");

/** What `cargo build` makes; the tests build no other. */
export const builtProgram = path.join(built, "url-notes");

/** What puts notes into a store that no browser could save. */
export const putNotes = path.join(built, "examples/put_notes");
export const putArrivals = path.join(built, "examples/put_arrivals");
export const putLinks = path.join(built, "examples/put_links");
export const putSync = path.join(built, "examples/put_sync");

/** @returns {Promise<number>} a port that nobody listens on */
export function freePort() {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.on("error", reject);
		// Of both families, as the site takes them.
		server.listen(0, () => {
			const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
			server.close(() => resolve(port));
		});
	});
}
