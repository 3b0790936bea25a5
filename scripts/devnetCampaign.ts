/**
 * The long checks of the devnet, on real processes: too long for every change, run before a release.
 *
 *   npm run campaign:devnet                       everything, about an hour on two idle cores
 *   npm run campaign:devnet -- --only kills       one of suite, kills, inputs, orders, hostile, soak
 *   npm run campaign:devnet -- --rounds 3         the end-to-end suite three times instead of ten
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { runSoak } from './campaign/soak.ts';

const USAGE = `npm run campaign:devnet -- [options]
  --only <name>       one of suite, kills, inputs, orders, hostile, soak
  --rounds <n>        how often the end-to-end suite runs (default 10)
  --kills <n>         nodes killed one after the other under load (default 30)
  --input-kills <n>   the same while nodes take inputs, for each storage of inputs (default 40)
  --orders <n>        orders over one PostgreSQL server, a node killed and the server crashed (default 10000)
  --order-troubles <n>  kills, crashes and cuts under orders, in each round (default 12)
  --order-rounds <n>  rounds of them, each with a seed of its own (default 5)
  --bodies <n>        fuzzed bodies among the hostile HTTP (default 100000)
  --validators <n>    nodes of the soak (default 16)
  --minutes <n>       length of the soak (default 5)
  --help              show this`;

const ORDERS_FILE = 'test/e2e/orders.test.ts';

interface Check {
  readonly name: string;
  readonly run: () => boolean | Promise<boolean>;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '10' },
      kills: { type: 'string', default: '30' },
      'input-kills': { type: 'string', default: '40' },
      orders: { type: 'string', default: '10000' },
      'order-troubles': { type: 'string', default: '12' },
      'order-rounds': { type: 'string', default: '5' },
      bodies: { type: 'string', default: '100000' },
      validators: { type: 'string', default: '16' },
      minutes: { type: 'string', default: '5' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const count = (text: string): number => {
    const number = Number(text);
    if (!Number.isSafeInteger(number) || number < 1)
      throw new RangeError(`expected an integer >= 1, got ${text}`);
    return number;
  };
  const rounds = Array.from({ length: count(values.rounds) }, (_, index) => index + 1);
  const orderRounds = Array.from({ length: count(values['order-rounds']) }, (_, index) => index + 1);
  const soak = { validators: count(values.validators), minutes: count(values.minutes) };
  const checks: readonly (Check & { readonly kind: string })[] = [
    { kind: 'soak', name: `${soak.validators} nodes for ${soak.minutes} minutes`, run: () => runSoak(soak) },
    {
      kind: 'kills',
      name: `${count(values.kills)} kills under load`,
      run: () =>
        runVitest(['test/e2e/kills.test.ts'], { SIDEREAL_KILLS: values.kills, SIDEREAL_KILL_SEED: '7' }),
    },
    {
      kind: 'inputs',
      name: `${count(values['input-kills'])} kills under inputs, for each of four storages`,
      run: () =>
        runVitest(['test/e2e/inputKills.test.ts'], {
          SIDEREAL_INPUT_KILLS: values['input-kills'],
          SIDEREAL_KILL_SEED: '7',
        }),
    },
    {
      kind: 'orders',
      name: `${count(values.orders)} orders, a node killed and the database crashed`,
      run: () => runVitest([ORDERS_FILE, '-t', 'in the middle'], { SIDEREAL_ORDERS: values.orders }),
    },
    ...orderRounds.map((round) => ({
      kind: 'orders',
      name: `${count(values['order-troubles'])} troubles under orders, round ${round} of ${orderRounds.length}`,
      run: () =>
        runVitest([ORDERS_FILE, '-t', 'random troubles'], {
          SIDEREAL_ORDER_TROUBLES: values['order-troubles'],
          SIDEREAL_KILL_SEED: String(round),
        }),
    })),
    {
      kind: 'hostile',
      name: `hostile HTTP with ${count(values.bodies)} fuzzed bodies`,
      run: () => runVitest(['test/e2e/hostileHttp.test.ts'], { SIDEREAL_HOSTILE_BODIES: values.bodies }),
    },
    ...rounds.map((round) => ({
      kind: 'suite',
      name: `end-to-end suite, round ${round} of ${rounds.length}`,
      run: () => runVitest([], {}),
    })),
  ];
  const chosen = checks.filter(({ kind }) => values.only === undefined || kind === values.only);
  if (chosen.length === 0)
    throw new RangeError(`expected --only suite, kills, inputs, orders, hostile or soak, got ${values.only}`);
  let failed = 0;
  for (const { name, run } of chosen) {
    console.log(`== ${name}`);
    const startedMs = performance.now();
    const isPassed = await run();
    if (!isPassed) failed += 1;
    console.log(
      `== ${isPassed ? 'passed' : 'FAILED'}: ${name}, ${Math.round((performance.now() - startedMs) / 1000)} s`,
    );
  }
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function runVitest(files: readonly string[], environment: Readonly<Record<string, string>>): boolean {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', 'e2e', ...files], {
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  return status === 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
  process.stderr.write(`${error.message}\n${USAGE}\n`);
  process.exitCode = 2;
}
