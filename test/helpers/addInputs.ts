/**
 * A process of its own that adds the same numbered inputs as others do, and says each number once its input is acknowledged.
 * Arguments: the options of the storage as JSON, first number, count, and acknowledgements after which it kills itself, a few
 * milliseconds later and in the midst of the next writes; without them it ends when all is added.
 */
import { type InputStorageOptions, openInputStorage } from '../../node/batcher/storage/openInputStorage.ts';
import { acceptedInput } from './acceptedInput.ts';

const [options = '{}', first = '0', count = '0', killAfter = ''] = process.argv.slice(2);
const storage = await openInputStorage(JSON.parse(options) as InputStorageOptions);
let next = Number(first);
const end = next + Number(count);
let answers = 0;

async function addAll(): Promise<void> {
  while (next < end) {
    const number = next;
    next += 1;
    const verdict = await storage.add(acceptedInput(number));
    answers += 1;
    if (killAfter !== '' && answers === Number(killAfter))
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), answers % 7);
    if (verdict.ok) process.stdout.write(`${verdict.value.isNew ? 'new' : 'known'} ${number}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, addAll));
await storage.close();
