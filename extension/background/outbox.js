/**
 * The writes that the host hasn't answered yet. Each has an operation id and is delivered in
 * order, once, even if the port, the background, the browser or the computer stops meanwhile.
 *
 * An entry is stored before it is sent, and removed after its answer was handled. After a crash
 * it may be sent again, which the host recognises by the `opId`; so an entry that may have been
 * sent never changes. An entry leaves the outbox only with an answer or if the user discards it.
 * One that the host refused stays, with the reason.
 *
 * `page-session.js` handles the answers, `retry.js` decides when to try again.
 */

import { HostError, Unreachable } from "./host.js";

/** @import {Entry, Refusal} from "../shared/messages.js" */

/**
 * @typedef {import("../protocol.js").Methods} Methods
 * @typedef {import("../protocol.js").ErrorKind} ErrorKind
 * @typedef {"saveNote" | "updateNote" | "deleteNote" | "restoreNote" |
 *   "mergeNotes"} WriteMethod
 */

/**
 * Errors that aren't the entry's fault: it will succeed once the store or the host is fixed.
 * @type {ReadonlySet<string>}
 */
const TEMPORARY = new Set([
	"store_full",
	"store_newer",
	"store_busy",
	"store_broken",
	"store_unwritable",
	"store_io",
	"clock_wrong",
	"unknown_method",
]);

/**
 * Whether a request that failed will succeed once the store or the host is fixed.
 * @param {unknown} error
 */
export const isTemporary = (error) =>
	error instanceof HostError && TEMPORARY.has(error.kind);

/** After this many failures an entry counts as refused, so that it doesn't block the others. */
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
	/** Whether another round of delivery was requested since the last one began. */
	#isRequested = false;

	/**
	 * Called with an answer before its entry is removed. After a crash it may be called twice
	 * for one entry.
	 * @type {(entry: Entry, result: any) => void}
	 */
	onAnswer = () => {};

	/** @type {(entry: Entry) => void} */
	onRefused = () => {};

	/** Called when the entries or the reason why they wait have changed. */
	onChange = () => {};

	/**
	 * Called with an exception that `onAnswer` threw: it goes to the browser's error log.
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
	 * Loads the entries that an earlier background stored.
	 * @param {Record<string, unknown>} records All records of the queue.
	 */
	load(records) {
		const left = Object.keys(records)
			.filter((key) => key.startsWith(KEY))
			.sort()
			.map((key) => /** @type {Entry} */ (records[key]));
		for (const entry of left) {
			// The host failed, and may have been updated since: it gets another chance.
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

	/** The temporary error with which the host refuses all writes, if it does. */
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
	 * Adds a write and starts delivering it.
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
			// The last update wasn't sent yet, so both become one. The version that it replaces
			// is that of the first.
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
	 * Removes the saves of a page that were certainly not sent.
	 * @param {string} page
	 * @returns {Entry<"saveNote">[]} The removed entries.
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
	 * Removes an entry without delivering it.
	 * @param {string} opId
	 */
	discard(opId) {
		const entry = this.#entries.find((e) => e.params.opId === opId);
		if (entry) this.#remove(entry);
		this.onChange();
	}

	/**
	 * Queues refused entries again, in their old order, and delivers.
	 * @param {string} [opId] Of one entry; without it, all of them.
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
	 * Delivers entries while the host accepts them. Resolves when no more can be delivered now.
	 * @returns {Promise<void>}
	 */
	deliver() {
		this.#isRequested = true;
		this.#delivery ??= this.#deliverWhileRequested();
		return this.#delivery;
	}

	async #deliverWhileRequested() {
		try {
			// A request during the last round may be due to a change that the round didn't see.
			while (this.#isRequested) {
				this.#isRequested = false;
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
			// Full storage must not stop a save from reaching the host.
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
				// The write is done all the same, and the next entry follows.
				this.onFault(fault);
			}
			this.#remove(entry);
		} catch (error) {
			if (isTemporary(error)) {
				this.#trouble = /** @type {HostError} */ (error);
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
	 * The host failed while it handled this entry.
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
				// The sentence for `program_ended` promises a restart, which there won't be.
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
	 * Removes refused updates whose fields a newer one replaces.
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
