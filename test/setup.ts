/**
 * Runs before each test file: every fast-check property draws from one seed, so a run can be repeated and a pass means
 * the same for everybody. `SIDEREAL_TEST_SEED=<integer>` explores others; the long exploration is the campaign's work.
 */
import fc from 'fast-check';

const SEED_DEFAULT = 20_250_101;

const text = process.env.SIDEREAL_TEST_SEED ?? String(SEED_DEFAULT);
const seed = Number(text);
if (!Number.isSafeInteger(seed)) throw new Error(`SIDEREAL_TEST_SEED: expected an integer, got "${text}"`);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
