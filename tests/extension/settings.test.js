// The settings, and the permission that one of them needs.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
	giveTabsBack,
	heedRevocation,
	marksSaved,
} from "../../extension/shared/settings.js";
import { FakeStorage } from "./fakes.js";

/** @param {{badge: boolean}} settings */
function start(settings) {
	const storage = new FakeStorage();
	storage.items.settings = { saveOnOpen: false, ...settings };
	const permissions = {
		has: true,
		contains: async () => permissions.has,
		remove: async () => {
			permissions.has = false;
			return true;
		},
	};
	return { storage, area: /** @type {any} */ (storage), permissions };
}

test("a permission that the user took back doesn't come back with the next save of all tabs", async () => {
	const { storage, area, permissions } = start({ badge: true });
	permissions.has = false;
	await heedRevocation(area, permissions);
	assert.deepEqual(storage.items.settings, {
		saveOnOpen: false,
		badge: false,
		stripUserInfo: false,
	});
	// All tabs are saved: asked for, used, given back.
	permissions.has = true;
	assert.equal(await marksSaved(area, permissions), false);
	await giveTabsBack(area, permissions);
	assert.equal(permissions.has, false);
});

test("another permission taken back leaves the marks as they are", async () => {
	const { storage, area, permissions } = start({ badge: true });
	await heedRevocation(area, permissions);
	assert.equal(storage.items.settings.badge, true);
	assert.deepEqual(storage.writes, []);
});
