/**
 * Runs inside a web page: copies what the reader can see of it into an inert document. The other
 * functions work on that copy, so that neither styles nor scripts of the page matter to them.
 *
 * The function is injected by its text alone, so it uses nothing from outside its own braces.
 */

/**
 * What the injected functions share, as a variable of the extension's own world in the page.
 * @typedef {object} Parts
 * @property {() => Generator<undefined, PageCopy, boolean>} copyPage It ends early if it is resumed
 *   with `true`.
 * @property {() => boolean} hasPassword Whether the page shows a field for a password.
 * @property {(root: Element, isLeftOut: (element: Element) => boolean) =>
 *   Generator<undefined, Block[], boolean>} blocksOf
 * @property {(blocks: Block[], limit: number) => {text: string, whole: boolean}} joined
 * @property {number} longest The longest time that the page had to wait, in ms; for the bench.
 */

/**
 * @typedef {object} PageCopy
 * @property {Document} copy Its text is visible in the page and isn't being edited.
 * @property {Map<Element, Extent>} extents Of each of its elements.
 * @property {number} elements
 * @property {number} characters
 * @property {boolean} whole False if the page has more than fits.
 * @property {boolean} isArticle Whether its metadata call it an article.
 * @property {boolean} password Whether a field for a password was seen.
 */

/** @typedef {{text: number, links: number}} Extent Characters, and those of them in links. */

/**
 * A paragraph, heading, table or the like, as Markdown.
 * @typedef {object} Block
 * @property {string} text Without the marks of the lists and quotes around it.
 * @property {Container[]} containers The lists and quotes around it, the outermost first.
 * @property {number} characters Those that a reader sees.
 * @property {number} links Those of them in links.
 * @property {"text" | "heading" | "code" | "table"} kind
 */

/** @typedef {{mark: string, list?: object}} Container `list` is the same for all its items. */

/** Runs inside the page. It must not use anything from outside its own braces. */
export function copyPage() {
	/** More isn't copied: the text of a page is cut at 256 KiB. */
	const MAX_ELEMENTS = 60_000;
	const MAX_CHARACTERS = 2_000_000;
	/** Deeper elements are copied as their parent's siblings. */
	const MAX_DEPTH = 150;

	// A form's and a document's own properties can be hidden by elements with their names, in
	// every world. These can't.
	const getter = (/** @type {object} */ prototype, /** @type {string} */ name) => {
		const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
		return (/** @type {Node} */ node) => get?.call(node);
	};
	const childNodes = getter(Node.prototype, "childNodes");
	const shadowRoot = getter(Element.prototype, "shadowRoot");
	const localName = getter(Element.prototype, "localName");
	const clientHeight = getter(Element.prototype, "clientHeight");
	const bodyOf = getter(Document.prototype, "body");
	const { getAttribute } = Element.prototype;
	const attribute = (/** @type {Element} */ element, /** @type {string} */ name) =>
		getAttribute.call(element, name);

	/** Elements without text that a reader reads, and those that the user edits. */
	const SKIPPED = new Set(
		"script style template link meta head title base param source track svg canvas video audio iframe frame frameset object embed applet input select textarea option optgroup datalist meter progress map area".split(
			" ",
		),
	);
	/** Elements that keep their name in the copy; others become `div` or `span`. */
	const KEPT = new Set(
		"a abbr address article aside b blockquote body br caption center cite code col colgroup dd del details dialog dl dt em figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr i img kbd label li main mark math nav ol p pre q rp rt ruby s samp search section small strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var".split(
			" ",
		),
	);
	/** Those of them that are only inline. */
	const PLAIN_INLINE = new Set(["abbr", "cite", "label", "mark", "small", "time", "u"]);
	/** Inline elements with a meaning that a block can have, too. */
	const INLINE = new Set(
		"a b code del em i kbd q s samp strike strong sub sup tt var".split(" "),
	);
	const ATTRIBUTES = "id class role itemprop rel colspan rowspan start value".split(" ");
	const EDITORS = /(^|\s)(CodeMirror|cm-editor|monaco-editor|ace_editor)(\s|$)/;

	const isEditable = (/** @type {Element} */ element) => {
		const editable = attribute(element, "contenteditable");
		return (
			(editable !== null && editable.toLowerCase() !== "false") ||
			/^(textbox|searchbox|combobox|spinbutton)$/.test(
				attribute(element, "role") ?? "",
			) ||
			EDITORS.test(attribute(element, "class") ?? "")
		);
	};

	/** @param {Element} element */
	const isPasswordField = (element) => {
		if (localName(element) !== "input") return false;
		const isOne =
			/** @type {HTMLInputElement} */ (element).type === "password" ||
			/\b(current|new)-password\b/.test(attribute(element, "autocomplete") ?? "");
		if (!isOne || !element.checkVisibility({ visibilityProperty: true })) return false;
		const { width, height } = element.getBoundingClientRect();
		return width > 1 && height > 1;
	};

	const hasPassword = () => [...document.querySelectorAll("input")].some(isPasswordField);

	/** Whether a style puts an element out of sight though it is laid out. */
	const isOutOfSight = (/** @type {CSSStyleDeclaration} */ style) => {
		if (!/^(absolute|fixed)$/.test(style.position)) return false;
		const isTiny =
			Number.parseFloat(style.width) <= 1 && Number.parseFloat(style.height) <= 1;
		return (
			(isTiny && style.overflow !== "visible") ||
			/^inset\((50|100)%/.test(style.clipPath) ||
			/^rect\((0px|1px), (0px|1px), (0px|1px), (0px|1px)\)$/.test(style.clip) ||
			Number.parseFloat(style.left) < -900 ||
			Number.parseFloat(style.top) < -900
		);
	};

	/** The source of a formula, if it has one, else its characters. */
	const formula = (/** @type {Element} */ element) => {
		const source = element.querySelector('annotation[encoding*="tex" i]');
		const math = localName(element) === "math" ? element : element.querySelector("math");
		const text = (source ?? math)?.textContent ?? "";
		return text
			.slice(0, 2000)
			.replace(/^\s*\{\\displaystyle\s([\s\S]*)\}\s*$/, "$1")
			.replace(/\s+/g, " ")
			.trim();
	};

	const isArticle = () => {
		const meta = document.querySelector('meta[property="og:type" i]');
		if (meta && /article/i.test(attribute(meta, "content") ?? "")) return true;
		const scripts = document.querySelectorAll('script[type="application/ld+json" i]');
		return [...scripts].slice(0, 50).some((script) =>
			// At most so many spaces: any number would take quadratic time.
			/"@type"\s{0,9}:[\s[]{0,20}"\w{0,40}(Article|BlogPosting|Report)"/.test(
				(script.textContent ?? "").slice(0, 200_000),
			),
		);
	};

	/** @returns {Generator<undefined, PageCopy, boolean>} */
	function* copied() {
		const copy = document.implementation.createHTMLDocument(
			(document.querySelector("head > title")?.textContent ?? "").slice(0, 1000),
		);
		/** @type {Map<Element, Extent>} */
		const extents = new Map();
		let elements = 0;
		let characters = 0;
		let whole = true;
		let password = hasPassword();
		for (const meta of [...document.querySelectorAll("head > meta")].slice(0, 200)) {
			const made = copy.createElement("meta");
			for (const name of ["name", "property", "content"]) {
				const value = attribute(meta, name);
				if (value !== null) made.setAttribute(name, value.slice(0, 1000));
			}
			copy.head.append(made);
		}
		const body = bodyOf(document);
		const ended = () => ({
			copy,
			extents,
			elements,
			characters,
			whole,
			password,
			isArticle: isArticle(),
		});
		const isEdited = isEditable(document.documentElement) || document.designMode === "on";
		if (!body || isEdited) return ended();

		/**
		 * An element whose children are being copied.
		 * @typedef {object} Frame
		 * @property {Node[]} nodes
		 * @property {number} at
		 * @property {Element} into
		 * @property {boolean} owns Whether `into` was created for it.
		 * @property {boolean} visible Whether text in it can be seen.
		 * @property {boolean} breaks Whether line feeds in it are line breaks.
		 * @property {boolean} raw Whether it is in a `pre`.
		 * @property {boolean} flex Whether its children stand in a row.
		 * @property {boolean} link
		 * @property {boolean} label Whether a button in it names a part of the page.
		 * @property {boolean} padded Whether a space follows.
		 */
		/** @type {Frame[]} */
		const frames = [];
		/** @type {(frame: Frame, node: Element) => void} */
		const enter = (parent, element) => {
			const tag = localName(element);
			if (element.namespaceURI !== "http://www.w3.org/1999/xhtml") {
				if (tag !== "math" || !parent.visible) return;
				if (getComputedStyle(element).display !== "none") putFormula(parent, element);
				return;
			}
			password ||= tag === "input" && isPasswordField(element);
			if (SKIPPED.has(tag) || isEditable(element)) return;
			// Where scripts run, its markup is a text that isn't shown.
			if (tag === "noscript" && element.childElementCount === 0) return;
			if (tag === "br") {
				parent.into.append(copy.createElement("br"));
				elements += 1;
				return;
			}
			const className = attribute(element, "class") ?? "";
			const style = getComputedStyle(element);
			const { display } = style;
			const isUntilFound = attribute(element, "hidden") === "until-found";
			if (
				display === "none" ||
				(!isUntilFound && style.getPropertyValue("content-visibility") === "hidden")
			)
				return;
			if (isOutOfSight(style)) return;
			const clips =
				/hidden|clip/.test(style.overflowY) && !/^(inline|contents)$/.test(display);
			// Folded up. What clips the body clips nothing: it applies to the window.
			if (clips && element !== body && clientHeight(element) === 0) return;
			if (
				/(^|\s)(katex|mwe-math-element|MathJax)(\s|$)/.test(className) ||
				tag === "mjx-container"
			) {
				if (putFormula(parent, element)) return;
			}

			if (tag === "button" && !parent.label) return;
			if (tag === "img") {
				// Only that there is one: the scoring of Readability looks at it.
				const made = copy.createElement("img");
				made.setAttribute("src", "x.png");
				parent.into.append(made);
				elements += 1;
				return;
			}
			if (/(^|\s)mw-editsection(\s|$)/.test(className)) return;
			// The sign by which a heading is linked.
			const isAnchor = tag === "a" && parent.label && element.childElementCount === 0;
			if (isAnchor && /^[\s#¶§🔗]*$/u.test((element.textContent ?? "").slice(0, 9)))
				return;
			// The name of an icon, drawn by a font.
			const isIcon =
				attribute(element, "aria-hidden") === "true" &&
				/^(i|span|b|a)$/.test(tag) &&
				element.childElementCount === 0 &&
				(element.textContent?.length ?? 0) < 40;
			if (isIcon) return;

			const isInline = /^(inline|ruby|contents)/.test(display) || display === "contents";
			const isPart = !isInline && !parent.flex;
			let name = KEPT.has(tag) ? tag : isPart ? "div" : "span";
			if (PLAIN_INLINE.has(name)) name = isPart ? "div" : "span";
			if (name === "div" && isInline) name = "span";
			if (name === "body") name = "div";
			const deep = frames.length > MAX_DEPTH;
			let into = parent.into;
			if (!deep) {
				elements += 1;
				into = element === body ? copy.body : copy.createElement(name);
				for (const key of ATTRIBUTES) {
					const value = attribute(element, key);
					if (value !== null && value.length < 1000) into.setAttribute(key, value);
				}
				if (name === "a") {
					const address = attribute(element, "href");
					if (address?.startsWith("#")) into.setAttribute("href", address.slice(0, 300));
					else if (address !== null) {
						const full = /** @type {HTMLAnchorElement} */ (element).href;
						if (/^https?:/.test(full) && full.length <= 300)
							into.setAttribute("href", full);
					}
				}
				if (name === "pre" || name === "code") {
					const language =
						attribute(element, "data-lang") ?? attribute(element, "data-language");
					if (language) into.setAttribute("data-lang", language.slice(0, 30));
				}
				if (INLINE.has(name) && isPart) into.setAttribute("data-block", "");
				extents.set(into, { text: 0, links: 0 });
				if (element !== body) parent.into.append(into);
			}
			const isSlot = tag === "slot";
			const assigned = isSlot
				? /** @type {HTMLSlotElement} */ (element).assignedNodes()
				: [];
			const nodes =
				assigned.length > 0 ? assigned : childNodes(shadowRoot(element) ?? element);
			frames.push({
				nodes: [...nodes],
				at: 0,
				into,
				owns: !deep,
				visible: style.visibility === "visible" && style.fontSize !== "0px",
				breaks:
					tag !== "pre" && !parent.raw && /^(pre|break-spaces)/.test(style.whiteSpace),
				raw: parent.raw || tag === "pre",
				flex: /flex|grid/.test(display),
				link: parent.link || name === "a",
				label: parent.label || /^(h[1-6]|summary|dt)$/.test(tag),
				padded: parent.flex && !isInline,
			});
		};
		/** @type {(frame: Frame, element: Element) => boolean} */
		const putFormula = (parent, element) => {
			const text = formula(element);
			if (!text) return false;
			const made = copy.createElement("code");
			made.append(text);
			extents.set(made, { text: text.length, links: 0 });
			parent.into.append(made);
			count(parent, text.length);
			return true;
		};
		/** @type {(frame: Frame, length: number) => void} */
		const count = (frame, length) => {
			const extent = extents.get(frame.into);
			if (!extent) return;
			extent.text += length;
			if (frame.link) extent.links += length;
			characters += length;
		};
		/** @type {(frame: Frame, text: Text) => void} */
		const putText = (frame, text) => {
			if (!frame.visible) return;
			const room = MAX_CHARACTERS - characters;
			if (text.length > room) whole = false;
			const data = text.length > room ? text.substringData(0, room) : text.data;
			if (frame.breaks && data.includes("\n")) {
				for (const [at, line] of data.split("\n").entries()) {
					if (at > 0) frame.into.append(copy.createElement("br"));
					if (line) frame.into.append(line);
				}
			} else frame.into.append(frame.raw ? data : data.replace(/\s+/g, " "));
			count(frame, data.replace(/\s+/g, frame.raw ? " " : "").length);
		};

		/** @type {Frame} */
		const outside = {
			nodes: [body],
			at: 0,
			into: copy.documentElement,
			owns: false,
			visible: true,
			breaks: false,
			raw: false,
			flex: false,
			link: false,
			label: false,
			padded: false,
		};
		frames.push(outside);
		for (let steps = 1; frames.length > 0; steps += 1) {
			if (steps % 16 === 0 && (yield)) {
				whole = false;
				break;
			}
			const frame = /** @type {Frame} */ (frames.at(-1));
			const node = frame.nodes[frame.at];
			frame.at += 1;
			if (!node) {
				frames.pop();
				const parent = frames.at(-1);
				if (!parent) break;
				const extent = extents.get(frame.into);
				const outer = extents.get(parent.into);
				if (frame.owns && extent && outer) {
					outer.text += extent.text;
					outer.links += extent.links;
				}
				if (frame.padded) parent.into.append(" ");
			} else if (elements >= MAX_ELEMENTS || characters >= MAX_CHARACTERS) {
				whole = false;
				frame.nodes = [];
			} else if (node.nodeType === Node.TEXT_NODE) {
				putText(frame, /** @type {Text} */ (node));
			} else if (node.nodeType === Node.ELEMENT_NODE) {
				enter(frame, /** @type {Element} */ (node));
			}
		}
		return ended();
	}

	// Assigned without being read first: an element with this name in the page would be found.
	/** @type {any} */ (globalThis).urlNotesParts = { copyPage: copied, hasPassword };
}
