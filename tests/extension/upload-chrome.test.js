// The upload to the Chrome Web Store, against a server that answers as the store's API is documented.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createVerify, generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const script = fileURLToPath(
	new URL("../../packaging/store/upload-chrome.js", import.meta.url),
);
const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });

/**
 * Uploads a package to a server with these answers, by address.
 * @param {import("node:test").TestContext} t
 * @param {Record<string, [number, object][]>} answers the last one is repeated
 */
async function upload(t, answers) {
	/** @type {{ address: string, authorization: string | undefined, body: string }[]} */
	const requests = [];
	const server = createServer(async (request, response) => {
		const chunks = [];
		for await (const chunk of request) chunks.push(chunk);
		const address = `${request.method} ${request.url}`;
		const { authorization } = request.headers;
		requests.push({ address, authorization, body: Buffer.concat(chunks).toString() });
		const left = answers[address] ?? [[404, { error: "not found" }]];
		const [status, body] = (left.length > 1 ? left.shift() : left[0]) ?? [500, {}];
		response.writeHead(status, { "content-type": "application/json" });
		response.end(JSON.stringify(body));
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
	t.after(() => server.close());
	const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
	const folder = await mkdtemp(path.join(tmpdir(), "url-notes-store-"));
	t.after(() => rm(folder, { recursive: true, force: true }));
	const file = path.join(folder, "package.zip");
	await writeFile(file, "the package");
	const account = {
		client_email: "uploader@example.org",
		token_uri: `http://127.0.0.1:${port}/token`,
		private_key: keys.privateKey.export({ type: "pkcs8", format: "pem" }),
	};
	const env = {
		...process.env,
		CHROME_STORE: `http://127.0.0.1:${port}`,
		CHROME_PUBLISHER: "publisher",
		CHROME_ITEM: "item",
		CHROME_SERVICE_ACCOUNT: JSON.stringify(account),
	};
	const result = await run(process.execPath, [script, file], { env }).catch(
		(error) => error,
	);
	return { requests, stdout: `${result.stdout}`, stderr: `${result.stderr}` };
}

const SIGNED_IN = /** @type {[number, object][]} */ ([[200, { access_token: "secret" }]]);
const UPLOAD = "POST /upload/v2/publishers/publisher/items/item:upload";
const STATUS = "GET /v2/publishers/publisher/items/item:fetchStatus";
const PUBLISH = "POST /v2/publishers/publisher/items/item:publish";

test("a package is uploaded by the service account, and submitted once the store has read it", async (t) => {
	const { requests, stdout, stderr } = await upload(t, {
		"POST /token": SIGNED_IN,
		[UPLOAD]: [[200, { uploadState: "IN_PROGRESS" }]],
		[STATUS]: [
			[200, { lastAsyncUploadState: "IN_PROGRESS" }],
			[200, { lastAsyncUploadState: "SUCCEEDED" }],
		],
		[PUBLISH]: [[200, { state: "PENDING_REVIEW" }]],
	});
	assert.equal(stderr, "");
	assert.equal(stdout, "Uploaded and submitted for review: PENDING_REVIEW.\n");
	assert.deepEqual(
		requests.map(({ address }) => address),
		["POST /token", UPLOAD, STATUS, STATUS, PUBLISH],
	);
	const [signIn, uploaded, ...others] = requests;
	const assertion = new URLSearchParams(signIn?.body).get("assertion") ?? "";
	const [header = "", claim = "", signature = ""] = assertion.split(".");
	assert.ok(
		createVerify("RSA-SHA256")
			.update(`${header}.${claim}`)
			.verify(keys.publicKey, signature, "base64url"),
	);
	const { iss, scope, iat, exp } = JSON.parse(Buffer.from(claim, "base64url").toString());
	assert.equal(iss, "uploader@example.org");
	assert.equal(scope, "https://www.googleapis.com/auth/chromewebstore");
	assert.ok(exp > iat && exp - iat <= 3600);
	assert.equal(uploaded?.body, "the package");
	for (const { authorization } of [uploaded, ...others].filter((made) => !!made))
		assert.equal(authorization, "Bearer secret");
});

for (const [what, answers, expected] of /** @type {const} */ ([
	[
		"a wrong key",
		{ "POST /token": [[401, { error: "invalid_grant" }]] },
		/Signing in: status 401.*invalid_grant/,
	],
	[
		"a package that the store refuses",
		{
			"POST /token": SIGNED_IN,
			[UPLOAD]: [[200, { uploadState: "FAILED", itemError: "VERSION" }]],
		},
		/didn't take the package: FAILED.*VERSION/,
	],
	[
		"a review that the store refuses",
		{
			"POST /token": SIGNED_IN,
			[UPLOAD]: [[200, { uploadState: "SUCCEEDED" }]],
			[PUBLISH]: [[200, { state: "REJECTED" }]],
		},
		/doesn't review the package.*REJECTED/,
	],
])) {
	test(`the upload fails for ${what}, and says why without the token`, async (t) => {
		const { stdout, stderr } = await upload(t, /** @type {any} */ (answers));
		assert.match(stderr, expected);
		assert.equal(stdout, "");
		assert.doesNotMatch(stderr, /secret|PRIVATE KEY/);
	});
}
