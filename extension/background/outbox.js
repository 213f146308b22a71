/**
 * The writes on their way to the host: each under its operation id, delivered
 * in order, once, whatever ends in between (the port, the background, the
 * browser, the machine).
 *
 * An entry is written to storage before it is sent and removed after its
 * answer was taken in, so the worst a crash can do is to send it again, which
 * the host recognises by the `opId`. Therefore an entry that may have been
 * sent is never changed. Nothing leaves the outbox without an answer or the
 * user's word: what the host refuses stays, with the reason.
 *
 * What an answer means for the popup is `pages.js`; when to try again is
 * `retry.js`.
 */

import { HostError, Unreachable } from "./host.js";

/** @import {Entry, Refusal} from "../shared/messages.js" */

/**
 * @typedef {import("../protocol.js").Methods} Methods
 * @typedef {import("../protocol.js").ErrorKind} ErrorKind
 * @typedef {"saveNote" | "updateNote" | "deleteNote" | "restoreNote"} WriteMethod
 */

/**
 * Kinds that say nothing against the entry: the same will work once the
 * store, or the host, is mended.
 * @type {ReadonlySet<string>}
 */
const MENDABLE = new Set([
	"store_full",
	"store_newer",
	"store_busy",
	"store_broken",
	"store_unwritable",
	"store_io",
	"clock_wrong",
	"unknown_method",
]);

/** An entry that the host fails over so often is set aside, or nothing behind it would ever be delivered. */
const FAILURES_ALLOWED = 5;

const KEY = "outbox:";

/** @param {Entry} entry */
const keyOf = (entry) => KEY + String(entry.seq).padStart(12, "0");

export class Outbox {
	/** @type {import("./storage-queue.js").StorageQueue} */ #queue;
	/** @type {Pick<import("./host.js").Host, "request" | "hello">} */ #host;
	/** @type {Entry[]} In order. */ #entries = [];
	/** @type {Promise<void> | null} */ #delivery = null;
	/** @type {HostError | null} */ #trouble = null;
	/** Whether a delivery was asked for since the last round began. */
	#asked = false;

	/**
	 * Takes in an answer before its entry goes. May come twice for one entry
	 * where a crash fell in between.
	 * @type {(entry: Entry, result: any) => void}
	 */
	onAnswer = () => {};

	/** @type {(entry: Entry) => void} */
	onRefused = () => {};

	/** Called when what waits, or why, has changed. */
	onChange = () => {};

	/**
	 * A fault of ours over an answer: for the browser's list of errors.
	 * @type {(fault: unknown) => void}
	 */
	onFault = (fault) => {
		queueMicrotask(() => {
			throw fault;
		});
	};

	/**
	 * @param {import("./storage-queue.js").StorageQueue} queue
	 * @param {Pick<import("./host.js").Host, "request" | "hello">} host
	 */
	constructor(queue, host) {
		this.#queue = queue;
		this.#host = host;
	}

	/**
	 * Takes up what an earlier background left.
	 * @param {Record<string, unknown>} records All records of the queue.
	 */
	load(records) {
		const left = Object.keys(records)
			.filter((key) => key.startsWith(KEY))
			.sort()
			.map((key) => /** @type {Entry} */ (records[key]));
		for (const entry of left) {
			// It was the host that failed, perhaps another one than today's.
			if (
				entry.refused?.kind === "program_crashed" ||
				entry.refused?.kind === "internal"
			) {
				Object.assign(entry, { refused: null, failures: 0 });
			}
		}
		this.#entries = [...left, ...this.#entries];
	}

	/** @returns {readonly Entry[]} */
	get entries() {
		return this.#entries;
	}

	/** Why the host, though reached, takes nothing at present. */
	get trouble() {
		return this.#trouble;
	}

	/**
	 * Entries about one page that wait for an answer.
	 * @param {string} page
	 */
	waitingFor(page) {
		return this.#entries.filter((entry) => entry.page === page && !entry.refused);
	}

	/**
	 * The newest refused entry about a page.
	 * @param {string} page
	 */
	refusedFor(page) {
		return this.#entries.findLast((entry) => entry.page === page && entry.refused);
	}

	/**
	 * Adds a write and sets about delivering it.
	 * @template {WriteMethod} M
	 * @param {M} method
	 * @param {Omit<Methods[M]["params"], "opId">} params
	 * @param {string} page
	 * @returns {string} Its `opId`.
	 */
	add(method, params, page) {
		const opId = this.#enqueue(method, params, page);
		this.onChange();
		void this.deliver();
		return opId;
	}

	/**
	 * @template {WriteMethod} M
	 * @param {M} method
	 * @param {Omit<Methods[M]["params"], "opId">} params
	 * @param {string} page
	 * @returns {string}
	 */
	#enqueue(method, params, page) {
		const last = this.#entries.findLast((entry) => entry.page === page);
		if (
			method === "updateNote" &&
			last?.method === "updateNote" &&
			!last.sent &&
			!last.refused
		) {
			// Typed on while nothing was delivered: one write says it all, and what
			// was seen is what was there before the first of them.
			const { seen } = /** @type {Methods["updateNote"]["params"]} */ (last.params);
			const later = /** @type {Methods["updateNote"]["params"]} */ (params);
			Object.assign(last.params, params);
			if (seen) Object.assign(last.params, { seen: { ...later.seen, ...seen } });
			this.#keep(last);
			return last.params.opId;
		}
		if (method === "updateNote") this.#dropSuperseded(/** @type {any} */ (params));
		const opId = crypto.randomUUID();
		/** @type {Entry} */
		const entry = {
			seq: (this.#entries.at(-1)?.seq ?? 0) + 1,
			method,
			params: /** @type {Methods[M]["params"]} */ ({ opId, ...params }),
			page,
			addedAt: new Date().toISOString(),
			sent: false,
			failures: 0,
			refused: null,
		};
		this.#entries.push(entry);
		this.#keep(entry);
		return opId;
	}

	/**
	 * Takes back the saves of a page that have certainly not been sent.
	 * @param {string} page
	 * @returns {Entry<"saveNote">[]} Those that were.
	 */
	withdrawSaves(page) {
		const saves = /** @type {Entry<"saveNote">[]} */ (
			this.#entries.filter((entry) => entry.page === page && entry.method === "saveNote")
		);
		const unsent = saves.filter((entry) => !entry.sent);
		for (const entry of unsent) this.discard(entry.params.opId);
		return unsent;
	}

	/**
	 * Lets an entry go, by the user's word.
	 * @param {string} opId
	 */
	discard(opId) {
		const entry = this.#entries.find((e) => e.params.opId === opId);
		if (entry) this.#remove(entry);
		this.onChange();
	}

	/**
	 * Puts refused entries back into the queue, each at its place, and delivers.
	 * @param {string} [opId] Of one; all where it isn't given.
	 */
	retry(opId) {
		for (const entry of this.#entries) {
			if (!entry.refused || (opId && entry.params.opId !== opId)) continue;
			Object.assign(entry, { refused: null, failures: 0 });
			this.#keep(entry);
		}
		this.onChange();
		void this.deliver();
	}

	/**
	 * Delivers what waits while the host takes it. Resolves when nothing more
	 * can be delivered now.
	 * @returns {Promise<void>}
	 */
	deliver() {
		this.#asked = true;
		this.#delivery ??= this.#deliverWhileAsked();
		return this.#delivery;
	}

	async #deliverWhileAsked() {
		try {
			// Asked again while a round was giving up: things may have changed for it.
			while (this.#asked) {
				this.#asked = false;
				await this.#deliverAll();
			}
		} finally {
			this.#delivery = null;
		}
	}

	async #deliverAll() {
		for (;;) {
			const entry = this.#entries.find((e) => !e.refused);
			if (!entry || !this.#host.hello) return;
			entry.sent = true;
			this.#keep(entry);
			// Storage that is full must not keep a save from the host.
			await this.#queue.settled().catch(() => {});
			if (!this.#entries.includes(entry)) continue;
			if (!(await this.#send(entry))) return;
		}
	}

	/**
	 * @param {Entry} entry
	 * @returns {Promise<boolean>} Whether to go on with the next one.
	 */
	async #send(entry) {
		try {
			const result = await this.#host.request(entry.method, entry.params);
			this.#trouble = null;
			try {
				this.onAnswer(entry, result);
			} catch (fault) {
				// It is done, whatever becomes of the answer: the others have their turn.
				this.onFault(fault);
			}
			this.#remove(entry);
		} catch (error) {
			if (error instanceof HostError && MENDABLE.has(error.kind)) {
				this.#trouble = error;
				this.onChange();
				return false;
			}
			if (error instanceof HostError && error.kind !== "internal") {
				this.#trouble = null;
				this.#refuse(entry, { kind: error.kind, message: error.message });
			} else if (error instanceof HostError || error instanceof Unreachable) {
				return this.#failed(entry, error);
			} else {
				throw error;
			}
		}
		this.onChange();
		return true;
	}

	/**
	 * The host broke over this entry, or while it had it.
	 * @param {Entry} entry
	 * @param {HostError | Unreachable} error
	 */
	#failed(entry, error) {
		entry.failures += 1;
		this.#trouble = error instanceof HostError ? error : null;
		if (entry.failures < FAILURES_ALLOWED) this.#keep(entry);
		else {
			const { message } = error;
			if (error instanceof HostError) this.#refuse(entry, { kind: error.kind, message });
			else {
				// Nobody starts it again for this entry.
				const ended = error.reason === "program_ended";
				const cause = ended ? "program_crashed" : error.reason;
				this.#refuse(entry, { kind: "program_crashed", message, cause });
			}
		}
		this.onChange();
		return false;
	}

	/**
	 * @param {Entry} entry
	 * @param {Refusal} refusal
	 */
	#refuse(entry, refusal) {
		entry.refused = refusal;
		this.#keep(entry);
		this.onRefused(entry);
	}

	/**
	 * A refused update is moot once a newer one replaces all that it would have.
	 * @param {Methods["updateNote"]["params"]} params
	 */
	#dropSuperseded(params) {
		for (const entry of [...this.#entries]) {
			if (entry.method !== "updateNote" || !entry.refused) continue;
			const { opId: _, ...old } = /** @type {Methods["updateNote"]["params"]} */ (
				entry.params
			);
			if (old.id === params.id && Object.keys(old).every((field) => field in params)) {
				this.#remove(entry);
			}
		}
	}

	/** @param {Entry} entry */
	#keep(entry) {
		this.#queue.put(keyOf(entry), entry).catch(() => {});
	}

	/** @param {Entry} entry */
	#remove(entry) {
		this.#entries = this.#entries.filter((e) => e !== entry);
		this.#queue.remove(keyOf(entry)).catch(() => {});
	}
}
