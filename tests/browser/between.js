// A program between a browser and the host. Started by `goBetween` in place of the host:
//
//   node between.js record FILE HOST ARGUMENT…    appends each message to FILE, one a line
//   node between.js older FILE HOST ARGUMENT…     speaks as the host of the recording in FILE

import { spawn } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { OlderProtocol } from "./older-protocol.js";

const [as = "", file = "", program = "", ...args] = process.argv.slice(2);
const older =
	as === "older" ? new OlderProtocol(JSON.parse(readFileSync(file, "utf8"))) : null;
const host = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });

/** @param {object} message */
function frame(message) {
	const payload = Buffer.from(JSON.stringify(message));
	const length = Buffer.alloc(4);
	length.writeUInt32LE(payload.length);
	return Buffer.concat([length, payload]);
}

/**
 * @param {NodeJS.ReadableStream} stream
 * @param {(message: any) => void} take
 */
function eachFrame(stream, take) {
	let bytes = Buffer.alloc(0);
	stream.on("data", (/** @type {Buffer} */ more) => {
		bytes = Buffer.concat([bytes, more]);
		while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32LE(0)) {
			const end = 4 + bytes.readUInt32LE(0);
			take(JSON.parse(bytes.subarray(4, end).toString()));
			bytes = bytes.subarray(end);
		}
	});
}

/** @param {object} line */
function record(line) {
	if (older) return;
	appendFileSync(file, `${JSON.stringify({ session: process.pid, ...line })}\n`);
}

/** @type {Map<unknown, string>} Methods of the requests that aren't answered, by id. */
const asked = new Map();

eachFrame(process.stdin, (request) => {
	record({ request });
	const refusal = older?.refuses(request);
	if (refusal) {
		process.stdout.write(frame(refusal));
		return;
	}
	asked.set(request.id, request.method);
	host.stdin.write(frame(request));
});
process.stdin.on("end", () => host.stdin.end());

eachFrame(host.stdout, (response) => {
	record({ response });
	const method = asked.get(response.id) ?? "";
	asked.delete(response.id);
	process.stdout.write(frame(older?.answers(method, response) ?? response));
});
host.on("exit", (code) => process.exit(code ?? 1));
