// The environment of one test: its own home folder, store and port, url-notes installed there
// by install.sh, web pages, and browsers. It is removed when the test ends.
//
// A browser takes longer to start than most tests. So tests of one file share it, with its home
// folder and port, unless they need one of their own: when a test has passed, the extension is
// removed from the browser with all that it stored, and the home folder is emptied.

import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { browsers } from "./driver/browser.js";
import { twice } from "./driver/twice.js";
import { TEST_HANGS_MS, until } from "./driver/until.js";
import { builtProgram, freePort, project, putArrivals, putNotes } from "./program.js";
import { serveWeb } from "./web.js";

/** @typedef {import("puppeteer-core").Page} Page */
/** @typedef {import("../../extension/protocol.d.ts").Note} Note */

const run = promisify(execFile);

/**
 * Runs a test in both browsers. Its title is a sentence.
 *
 * @param {string} sentence
 * @param {(world: World, browser: import("./driver/browser.js").Browser) => Promise<void>} check
 * @param {{ registered?: boolean, settings?: string, language?: string, only?: string,
 *   resolves?: string, keepsWelcome?: boolean, headed?: boolean, littleStorage?: boolean, alone?: boolean, before?: (world: World) => Promise<unknown>,
 *   others?: (world: World) => Promise<string[]>,
 *   extension?: (driver: import("./driver/browser.js").Driver, world: World) => Promise<string> }} [options]
 *   registered: false if install.sh hasn't run yet; settings: the configuration file;
 *   language: of the browser; only: the browser that the test is about; resolves: a
 *   host name that resolves to this machine; keepsWelcome: the welcome page stays
 *   open; headed, littleStorage: as in driver/browser.js; alone: the browser isn't shared, because the
 *   test leaves something in it; before: runs before the browser starts; others: folders of other
 *   extensions; extension: creates the folder of another version of the extension
 */
export function inEachBrowser(
	sentence,
	check,
	{
		registered = true,
		settings = "",
		language,
		only,
		resolves,
		keepsWelcome,
		headed,
		littleStorage,
		alone = false,
		before,
		others,
		extension,
	} = {},
) {
	const isShared = !(
		alone ||
		language ||
		resolves ||
		headed ||
		littleStorage ||
		others ||
		extension
	);
	for (const driver of browsers.filter(({ name }) => !only || name === only)) {
		const name = `${driver.name}: ${sentence}`;
		test(name, { timeout: TEST_HANGS_MS }, async ({ signal }) => {
			const attempt = async () => {
				const world = await World.make(isShared ? driver : undefined);
				// What waits for a browser fails when that ends, and says where it waited. Every test
				// is "aborted" at last.
				let hangs = true;
				signal.addEventListener("abort", () => hangs && world.killBrowsers());
				try {
					if (settings) await world.configure(settings);
					if (registered) await world.install();
					await before?.(world);
					if (extension) world.extension = await extension(driver, world);
					const options = {
						language,
						resolves,
						keepsWelcome,
						headed,
						littleStorage,
						others: await others?.(world),
					};
					const browser = await world.start(driver, options);
					await check(world, browser);
					if (isShared) await world.leave(driver);
				} catch (error) {
					if (signal.aborted) console.log(`${name}: hung at`, error);
					throw error;
				} finally {
					hangs = false;
					await world.end();
				}
			};
			await twice(name, attempt, () => signal.aborted);
		});
	}
}

/**
 * What tests share: a browser without the extension, in its home folder, for which the host uses
 * this port.
 * @typedef {{ home: string, port: number, browser: import("./driver/browser.js").Browser }} Shared
 */

/** How long after its last test a file may still run, in ms. */
const LEFT_MS = 60_000;

/** @type {Map<import("./driver/browser.js").Driver, Shared>} */
const shared = new Map();

after(async () => {
	// What a test has left running would keep this process from ending.
	setTimeout(() => process.exit(), LEFT_MS).unref();
	for (const { home, browser } of shared.values()) {
		await browser.kill();
		await remove(home);
	}
});

/** Prints how many bytes wait in the standard inputs of processes, which are pipes. */
const UNREAD = `
import array, fcntl, os, sys, termios
waiting = 0
for process in sys.argv[1:]:
    size = array.array("i", [0])
    fcntl.ioctl(os.open(f"/proc/{process}/fd/0", os.O_RDONLY | os.O_NONBLOCK), termios.FIONREAD, size)
    waiting += size[0]
print(waiting)
`;

/** @param {string} folder */
const remove = (folder) => rm(folder, { recursive: true, force: true, maxRetries: 20 });

/**
 * Removes everything from a home folder except for what the browser itself keeps there.
 * @param {string} home
 */
async function empty(home) {
	const settings = path.join(home, ".config");
	for (const [folder, kept] of /** @type {[string, string[]][]} */ ([
		[home, [".cache", ".config", "firefox-profile"]],
		[settings, ["chromium"]],
	])) {
		const names = await readdir(folder).catch((error) => {
			// Not every browser makes it.
			if (error.code === "ENOENT") return [];
			throw error;
		});
		for (const name of names)
			if (!kept.includes(name)) await remove(path.join(folder, name));
	}
	await remove(path.join(settings, "chromium/NativeMessagingHosts"));
}

export class World {
	/** @type {import("./driver/browser.js").Browser[]} */
	#browsers = [];
	/** @type {Set<string>} Browsers that have been started on this home. */
	#started = new Set();
	/** @type {number} */ #port;
	/** Lets stopped hosts go on. */
	#goOn = () => {};
	/** @type {import("./driver/browser.js").Browser | null} One without the extension. */
	#cleared = null;
	/** Whether a browser was ended, or the last one was left to the next test. */
	#hasEnded = false;
	#isLeft = false;

	/**
	 * @param {string} home
	 * @param {number} port
	 * @param {Awaited<ReturnType<typeof serveWeb>>} web
	 */
	constructor(home, port, web) {
		this.home = home;
		this.#port = port;
		this.web = web;
		/** What people call the site; programs read it there, and browsers are sent on. */
		this.site = `http://localhost:${port}`;
		/** Folder of the extension: the sources, unless the environment names another. */
		this.extension = process.env.EXTENSION ?? path.join(project, "extension");
		this.program = path.join(home, ".local/bin/url-notes");
		/** Where notes, settings and log are. */
		this.folder = path.join(home, "notes");
		this.environment = {
			...process.env,
			HOME: home,
			XDG_CONFIG_HOME: undefined,
			URL_NOTES_DATA_DIR: this.folder,
			URL_NOTES_PORT: String(port),
		};
	}

	/**
	 * @param {import("./driver/browser.js").Driver} [driver] of a browser that may be shared with
	 *   other tests
	 */
	static async make(driver) {
		const found = driver && shared.get(driver);
		if (driver) shared.delete(driver);
		const web = await serveWeb();
		if (!found) {
			const home = await mkdtemp(path.join(tmpdir(), "url-notes-test-"));
			return new World(home, await freePort(), web);
		}
		const world = new World(found.home, found.port, web);
		world.#browsers.push(found.browser);
		world.#cleared = found.browser;
		world.#started.add(found.browser.name);
		return world;
	}

	/**
	 * Leaves the browser to the next test of the file, if it is as it was started.
	 * @param {import("./driver/browser.js").Driver} driver
	 */
	async leave(driver) {
		const [browser, ...others] = this.#browsers;
		if (!browser || others.length > 0 || this.#hasEnded) return;
		this.#goOn();
		await browser.clear();
		await this.#hostHasEnded();
		await this.web.close();
		await empty(this.home);
		shared.set(driver, { home: this.home, port: this.#port, browser });
		this.#isLeft = true;
	}

	/**
	 * Installs the host as a user does: runs install.sh.
	 * @param {string} [program]
	 */
	async install(program = builtProgram) {
		const installer = path.join(project, "install.sh");
		const options = [
			"--program",
			program,
			"--browser",
			"chromium",
			"--browser",
			"firefox",
		];
		await run(installer, options, { env: this.environment });
	}

	/** Rejects where nothing is installed. */
	async hostIsInstalled() {
		await access(this.program);
	}

	/** @param {string} settings the text of config.toml */
	async configure(settings) {
		await mkdir(this.folder, { recursive: true });
		await writeFile(path.join(this.folder, "config.toml"), settings);
	}

	/**
	 * @param {import("./driver/browser.js").Driver} driver
	 * @param {{ extension?: string, language?: string, resolves?: string,
	 *   keepsWelcome?: boolean, others?: string[] }} [options] as in driver/browser.js
	 */
	async start(driver, options = {}) {
		const cleared = this.#cleared?.name === driver.name ? this.#cleared : null;
		const start = {
			extension: this.extension,
			home: this.home,
			environment: this.environment,
			first: cleared !== null || !this.#started.has(driver.name),
			...options,
		};
		this.#started.add(driver.name);
		if (!cleared) {
			const browser = await driver.start(start);
			this.#browsers.push(browser);
			return browser;
		}
		this.#cleared = null;
		const browser = await cleared.reuse(start);
		this.#browsers.splice(this.#browsers.indexOf(cleared), 1, browser);
		return browser;
	}

	/**
	 * Starts a browser that finds the extension by itself.
	 * @param {import("./driver/browser.js").Driver} driver
	 */
	async startBare(driver) {
		const { home, environment } = this;
		const first = !this.#started.has(driver.name);
		this.#started.add(driver.name);
		const browser = await driver.start({ home, environment, first });
		this.#browsers.push(browser);
		return browser;
	}

	/**
	 * Closes a browser and starts it again with the same profile.
	 * @param {import("./driver/browser.js").Browser} browser
	 */
	async restart(browser) {
		await browser.close();
		return await this.#startAgain(browser);
	}

	/**
	 * Kills a browser and starts it again with the same profile.
	 * @param {import("./driver/browser.js").Browser} browser
	 * @param {() => void} meanwhile runs while no browser does
	 */
	async crash(browser, meanwhile) {
		await browser.kill();
		meanwhile();
		return await this.#startAgain(browser);
	}

	/** @param {import("./driver/browser.js").Browser} browser */
	async #startAgain(browser) {
		this.#hasEnded = true;
		this.#browsers.splice(this.#browsers.indexOf(browser), 1);
		const driver = browsers.find(({ name }) => name === browser.name);
		if (!driver) throw new Error(`There is no browser ${browser.name}.`);
		return await this.start(driver);
	}

	/**
	 * Clicks the toolbar button and waits until the user can type in the popup.
	 *
	 * @param {import("./driver/browser.js").Browser} browser
	 * @param {Page} page
	 * @param {import("./driver/popup.js").State} state
	 */
	async click(browser, page, state = "saved") {
		const popup = await browser.clickButton(page);
		await popup.reaches(state);
		if (state !== "error") {
			await until(
				"the caret is in the tag field",
				async () => (await popup.focused()) === "tags",
			);
		}
		return popup;
	}

	/**
	 * Opens a page of the test's web and clicks the button there.
	 *
	 * @param {import("./driver/browser.js").Browser} browser
	 * @param {string} address as in web.js
	 * @param {import("./driver/popup.js").State} [state]
	 */
	async save(browser, address, state) {
		const page = await browser.open(this.web.address(address));
		return { page, popup: await this.click(browser, page, state) };
	}

	/**
	 * Runs the command line on the same store.
	 * @param {string[]} args
	 */
	async command(...args) {
		const { stdout } = await run(builtProgram, args, { env: this.environment });
		return stdout;
	}

	/**
	 * Puts notes into the store that no browser could save, as an import does.
	 * @param {{ url: string, title: string, tags: string[], summary: string, excerpt: string | null, text?: string }[]} notes
	 * @returns {Promise<number[]>} their ids
	 */
	async put(notes) {
		const putting = run(putNotes, [path.join(this.folder, "notes.db")], {
			env: this.environment,
			maxBuffer: 64 * 1024 * 1024,
		});
		putting.child.stdin?.end(JSON.stringify(notes));
		return JSON.parse((await putting).stdout);
	}

	/**
	 * Adds a feed with pages in the inbox, the latest last.
	 * @param {{ url: string, title: string, tags: string[], entries: { url: string, title: string, excerpt?: string, lang?: string }[] }} feed
	 */
	async bring(feed) {
		const putting = run(putArrivals, [path.join(this.folder, "notes.db")], {
			env: this.environment,
		});
		putting.child.stdin?.end(JSON.stringify(feed));
		await putting;
	}

	/** @returns {Promise<Note[]>} what is in the store, newest first */
	async notes() {
		return JSON.parse(await this.command("list", "--json"));
	}

	/**
	 * Waits until the store holds these notes, each as its address, its tags and its summary.
	 *
	 * @param {{ url: string, tags: string[], summary?: string }[]} expected newest first
	 */
	async holds(expected) {
		const wanted = JSON.stringify(
			expected.map((note) => ({ summary: "", ...note })).map(brief),
		);
		await until(`the store holds ${wanted}`, async () => {
			const found = JSON.stringify((await this.notes()).map(brief));
			if (found !== wanted) throw new Error(`it holds ${found}`);
			return true;
		});
	}

	/** The browser has started the host, and the host its site. */
	async siteAnswers() {
		await until(
			"the site answers",
			async () => (await fetch(`${this.site}/robots.txt`)).ok,
		);
	}

	/**
	 * Waits until the site answers browsers.
	 * @returns {Promise<string>} the origin
	 */
	async origin() {
		await this.siteAnswers();
		const location = await new Promise((resolve, reject) => {
			const headers = { "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" };
			get(`${this.site}/`, { headers }, (answer) => {
				answer.resume();
				resolve(answer.headers.location);
			}).on("error", reject);
		});
		return new URL(location).origin;
	}

	/** Ids of all processes of the host. */
	async hostProcesses() {
		const { stdout } = await run("ps", ["-axo", "pid=,args="]);
		return stdout
			.split("\n")
			.filter((line) => line.includes(this.program) && !line.includes("install.sh"))
			.map((line) => Number.parseInt(line, 10));
	}

	/** Kills the host as a crash would, and returns the ids of its processes. */
	async killHosts() {
		const ids = await this.#runningHosts();
		for (const id of ids) process.kill(id, "SIGKILL");
		return ids;
	}

	#runningHosts() {
		return until("the host runs", async () => {
			const found = await this.hostProcesses();
			return found.length > 0 && found;
		});
	}

	/**
	 * Pauses the host at any point.
	 * @returns {Promise<() => void>} resumes it, if it still exists; at the latest when the test ends
	 */
	async stopHosts() {
		const ids = await this.#runningHosts();
		for (const id of ids) process.kill(id, "SIGSTOP");
		this.#goOn = () => {
			for (const id of ids) {
				try {
					process.kill(id, "SIGCONT");
				} catch (error) {
					if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ESRCH") throw error;
				}
			}
		};
		return this.#goOn;
	}

	/**
	 * Waits until an action has sent a message to the paused host, which can't read it.
	 * @param {() => Promise<void>} act
	 */
	async asksHost(act) {
		const ids = await this.#runningHosts();
		const unread = async () =>
			Number((await run("python3", ["-c", UNREAD, ...ids.map(String)])).stdout);
		const before = await unread();
		await act();
		await until("the host has the message", async () => (await unread()) > before);
	}

	/**
	 * Opens a tag's page on the site once it has a note, and reads the first note.
	 *
	 * @param {Page} page
	 * @param {string} tag
	 */
	async readTagPage(page, tag) {
		const address = `${this.site}/tag/${encodeURIComponent(tag)}`;
		return await until(`${address} shows a note`, async () => {
			await page.goto(address);
			return await page.$eval("article", (note) => {
				const link = /** @type {HTMLAnchorElement} */ (
					note.querySelector(":is(h1, h2, h3) a")
				);
				/** @param {string} selector */
				const texts = (selector) =>
					[...note.querySelectorAll(selector)].map(
						(element) => element.textContent?.trim() ?? "",
					);
				return {
					title: link.textContent?.trim(),
					link: link.href,
					tags: texts('a[href*="/tag/"]'),
					bold: texts("strong"),
				};
			});
		});
	}

	async killBrowsers() {
		for (const browser of this.#browsers) await browser.kill();
	}

	async end() {
		if (this.#isLeft) return;
		this.#goOn();
		// Nothing of it is needed any more. `restart` closes browsers as users do.
		await this.killBrowsers();
		await this.web.close();
		await this.#hostHasEnded();
		await remove(this.home);
	}

	async #hostHasEnded() {
		await until("the host has ended with the browser", async () => {
			const left = await this.hostProcesses();
			if (left.length > 0) throw new Error(`these are left: ${left}`);
			return true;
		});
	}
}

/** @param {{ url: string, tags: string[], summary?: string }} note */
const brief = ({ url, tags, summary }) => ({ url, tags, summary });
