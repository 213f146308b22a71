// install.sh while a browser is running: it replaces the host of the old program, and nothing
// that the user types meanwhile is lost.

import assert from "node:assert/strict";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { until } from "./driver/until.js";
import { builtProgram } from "./program.js";
import { inEachBrowser } from "./test-environment.js";

inEachBrowser(
	"continues with the new program after install.sh replaced it, and keeps typed text",
	async (world, browser) => {
		await world.siteAnswers();
		const old = await world.hostProcesses();
		assert.ok(old.length > 0);
		const { popup } = await world.save(browser, "/article");
		await popup.type("ci,");
		await popup.hasTags("ci");

		// Another program for install.sh, the same one for the system.
		const newer = path.join(world.home, "newer");
		await copyFile(builtProgram, newer);
		await writeFile(newer, "newer", { flag: "a" });
		await world.install(newer);
		await popup.type("caching,");
		await popup.hasTags("ci", "caching");
		await popup.press("Escape");
		await popup.closes();

		const url = world.web.address("/article");
		await world.holds([{ url, tags: ["ci", "caching"] }]);
		await until("the browser runs the new program", async () => {
			const running = await world.hostProcesses();
			return running.length > 0 && running.every((id) => !old.includes(id));
		});
		const installed = await readFile(world.program);
		assert.ok(installed.subarray(-5).equals(new Uint8Array(Buffer.from("newer"))));
		const second = await world.save(browser, "/japanese");
		await second.popup.reaches("saved");
		await second.popup.dismiss();
		assert.equal((await world.notes()).length, 2);
	},
);
