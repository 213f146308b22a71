// Uploads a package to the Chrome Web Store and submits it for review, by version 2 of the store's
// API (https://developer.chrome.com/docs/webstore/using-api) and as a service account
// (https://developer.chrome.com/docs/webstore/service-accounts):
//
//     node packaging/store/upload-chrome.js FILE.zip
//
// Environment: CHROME_PUBLISHER, the id of the publisher; CHROME_ITEM, the id that the store gave the
// extension; CHROME_SERVICE_ACCOUNT, the JSON of the account's key; CHROME_STORE, the address of
// the API, for tests. The first version can only be uploaded by hand.

import { createSign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

const SCOPE = "https://www.googleapis.com/auth/chromewebstore";
/** Of a token, in seconds. The upload takes less. */
const LIFETIME_S = 600;
/** How often the store is asked whether it has read the package, and after how many ms. */
const ATTEMPTS = 60;
const PAUSE_MS = Number(process.env.CHROME_STORE ? 1 : 5000);

/** @param {string} name */
function setting(name) {
	const value = process.env[name];
	if (!value) throw new Error(`${name} isn't set.`);
	return value;
}

/**
 * The JSON of a response; throws unless the request succeeded.
 * @param {string} what for the error
 * @param {Response} response
 */
async function answer(what, response) {
	const text = await response.text();
	if (!response.ok) throw new Error(`${what}: status ${response.status}: ${text}`);
	return JSON.parse(text);
}

/** An access token, in return for a signed claim (RFC 7523). */
async function accessToken() {
	const account = JSON.parse(setting("CHROME_SERVICE_ACCOUNT"));
	const now = Math.floor(Date.now() / 1000);
	const [header, claim] = [
		{ alg: "RS256", typ: "JWT" },
		{
			iss: account.client_email,
			scope: SCOPE,
			aud: account.token_uri,
			iat: now,
			exp: now + LIFETIME_S,
		},
	].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
	const signature = createSign("RSA-SHA256")
		.update(`${header}.${claim}`)
		.sign(account.private_key, "base64url");
	const response = await fetch(account.token_uri, {
		method: "POST",
		body: new URLSearchParams({
			grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
			assertion: `${header}.${claim}.${signature}`,
		}),
	});
	return (await answer("Signing in", response)).access_token;
}

const [file] = process.argv.slice(2);
if (!file) throw new Error("A package is needed: upload-chrome.js FILE.zip");
const store = process.env.CHROME_STORE || "https://chromewebstore.googleapis.com";
const item = `publishers/${setting("CHROME_PUBLISHER")}/items/${setting("CHROME_ITEM")}`;
const headers = { Authorization: `Bearer ${await accessToken()}` };

let { uploadState: state, ...rest } = await answer(
	"Uploading",
	await fetch(`${store}/upload/v2/${item}:upload`, {
		method: "POST",
		headers: { ...headers, "Content-Type": "application/zip" },
		body: await readFile(file),
	}),
);
for (let asked = 0; /IN_PROGRESS$/.test(state) && asked < ATTEMPTS; asked++) {
	await pause(PAUSE_MS);
	const status = await fetch(`${store}/v2/${item}:fetchStatus`, { headers });
	rest = await answer("Asking for the state", status);
	state = rest.lastAsyncUploadState;
}
if (state !== "SUCCEEDED")
	throw new Error(`The store didn't take the package: ${state} ${JSON.stringify(rest)}`);
const submitted = await answer(
	"Submitting",
	await fetch(`${store}/v2/${item}:publish`, { method: "POST", headers }),
);
// The store says also with status 200 that it refuses.
if (["REJECTED", "CANCELLED"].includes(submitted.state))
	throw new Error(`The store doesn't review the package: ${JSON.stringify(submitted)}`);
console.log(`Uploaded and submitted for review: ${submitted.state}.`);
