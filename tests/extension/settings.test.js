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

test("the badge stays off after the user revoked the permission, even if all tabs are saved later", async () => {
	const { storage, area, permissions } = start({ badge: true });
	permissions.has = false;
	await heedRevocation(area, permissions);
	assert.deepEqual(storage.items.settings, {
		saveOnOpen: false,
		badge: false,
		stripUserInfo: false,
		keepText: "always",
	});
	// All tabs are saved: asked for, used, given back.
	permissions.has = true;
	assert.equal(await marksSaved(area, permissions), false);
	await giveTabsBack(area, permissions);
	assert.equal(permissions.has, false);
});

test("revoking another permission doesn't change the badge", async () => {
	const { storage, area, permissions } = start({ badge: true });
	await heedRevocation(area, permissions);
	assert.equal(storage.items.settings.badge, true);
	assert.deepEqual(storage.writes, []);
});
