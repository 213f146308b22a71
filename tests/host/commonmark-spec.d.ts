declare module "commonmark-spec" {
	/** The examples of the specification; arrows stand for tabs. */
	export const tests: {
		markdown: string;
		html: string;
		section: string;
		number: number;
	}[];
}
