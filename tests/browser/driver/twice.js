// A second try of what failed.

/**
 * Runs an attempt, and once more if it fails: on a busy computer, a browser now and then takes a
 * click or a key that comes while something else happens as nothing. What failed is printed, and
 * tests/run.sh counts it.
 *
 * @template T
 * @param {string} name of the test
 * @param {() => Promise<T>} attempt begins with nothing that the first one has left
 * @param {() => boolean} [isHopeless] whether there is no time for a second one
 * @returns {Promise<T>}
 */
export async function twice(name, attempt, isHopeless = () => false) {
	try {
		return await attempt();
	} catch (error) {
		if (isHopeless()) throw error;
		console.log(`second try of “${name}”, because:`, error);
		return await attempt();
	}
}
