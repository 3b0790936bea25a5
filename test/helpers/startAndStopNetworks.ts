/** Run as a process of its own: two networks meet, talk and stop. It ends by itself only if nothing of them is left. */
import { NetworkFactory } from './libp2pNetworks.ts';

const factory = new NetworkFactory(2);
const members = await factory.startMesh(2);
await members[0]?.network.request(1, 'sync', Uint8Array.of(1));
await factory.close();
process.stdout.write('stopped');
