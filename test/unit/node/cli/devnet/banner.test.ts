import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { type BannerFacts, renderBanner } from '../../../../../node/cli/devnet/banner.ts';
import { sampleFacts } from '../../../../../scripts/docs/devnet.ts';

const facts = sampleFacts();
const bannerOf = (changes: Partial<BannerFacts> = {}, hasColors = false): string =>
  renderBanner({ ...facts, ...changes }, pc.createColors(hasColors));

describe('renderBanner', () => {
  it('says where everything is, whose keys are whose, and what to try', () => {
    expect(bannerOf()).toMatchInlineSnapshot(`
      "Sidereal devnet: 4 nodes and a settlement chain, all on this machine.
      A block every 2 s, a net batch every 5 blocks, a settlement block every 5 s.

      state    new network, seed 1, chain id 0x24d8b3d1c6331e5a…
      data     .sidereal/devnet   deleted and begun anew with --fresh
      users    the demo: accounts 4 to 9 borrow and repay; --workload none is quiet

      process     HTTP                   libp2p                      pid
      node-0      http://127.0.0.1:4400  /ip4/127.0.0.1/tcp/6400     4102
      node-1      http://127.0.0.1:4401  /ip4/127.0.0.1/tcp/6401     4103
      node-2      http://127.0.0.1:4402  /ip4/127.0.0.1/tcp/6402     4104
      node-3      http://127.0.0.1:4403  /ip4/127.0.0.1/tcp/6403     4105
      settlement  http://127.0.0.1:5400  JSON-RPC, the slower chain  4101

      logs     .sidereal/devnet/node-0…node-3.log, settlement.log
      keys     .sidereal/devnet/<node>/validator.key, operator.key
      admin    bearer token 1f6e0c2b5d7a4938a1c4e7f09b2d6853

      Accounts: 1,000,000 whole units of every asset each, and as much deposited.
      Assets: UM, USDC, USDT, TNZO, DAI, WETH, ETH, WBTC. Amounts are smallest units.
        (0) 0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266
        (1) 0x70997970c51812dc3a010c7d01b50e0d17dc79c8
        (2) 0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc
        (3) 0x90f79bf6eb2c4f870365e785982e1f101e93b906
        (4) 0x15d34aaf54267db7d7c367839aaf71a00a2c6a65
        (5) 0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc
        (6) 0x976ea74026e726554db657fa54763abd0c3a0aa9
        (7) 0x14dc79964da2c08b23698b3d3cc7ca32193d9955
        (8) 0x23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f
        (9) 0xa0ee7a142d267c1f36714e4a8f75612f20a79720
      their private keys:
        (0) 0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80
        (1) 0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d
        (2) 0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a
        (3) 0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6
        (4) 0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a
        (5) 0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba
        (6) 0x92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e
        (7) 0x4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356
        (8) 0xdbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97
        (9) 0x2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6
      Everybody knows these keys. Never use them where money is.

      Next, in another terminal:
        npx sidereal send borrow UM 1000 --account 0 --wait final
        npx sidereal status
        npx sidereal logs node-1 --follow
        npx sidereal restart node-1
        curl http://127.0.0.1:4400/settlement
        curl -N http://127.0.0.1:4400/events
        curl -X POST -H 'authorization: Bearer 1f6e0c2b5d7a4938a1c4e7f09b2d6853' \\
          http://127.0.0.1:4400/admin/settle-now
      or in a browser:
        http://127.0.0.1:4400/documentation

      "
    `);
  });

  it('fits 80 columns out of the box', () => {
    expect(
      bannerOf()
        .split('\n')
        .filter((line) => line.length > 80),
    ).toEqual([]);
  });

  it('names every endpoint, process and key', () => {
    const banner = bannerOf();
    const { nodes, accounts, settlement_chain: chain } = facts.description;
    for (const { name, api, p2p, pid } of nodes) {
      for (const part of [name, api, p2p, String(pid)]) expect(banner).toContain(part);
    }
    for (const { address, private_key: key } of accounts) {
      expect(banner).toContain(address);
      expect(banner).toContain(key);
    }
    expect(banner).toContain(chain.rpc);
  });

  it('says that a network goes on, and how to reach one in another folder', () => {
    const banner = bannerOf({ continuedAt: 1234, dataDirOption: '/tmp/net', workload: 'flows.csv' });
    expect(banner).toContain('continued at height 1,234');
    expect(banner).toContain('npx sidereal status --data-dir /tmp/net\n');
    expect(banner).toContain('as in flows.csv');
  });

  it('warns in colour, and without any where colours are off', () => {
    expect(bannerOf({}, true)).toContain('\u001b[33mEverybody knows these keys.');
    expect(bannerOf()).not.toContain('\u001b');
  });

  it.each([
    ['node-0', 'kept in the memory of node-0, which takes them'],
    ['psql', 'kept in PostgreSQL; every node takes them'],
  ])('says that orders are joined, and how to send one (%s)', (orders, words) => {
    const banner = bannerOf({ orders });
    expect(banner).toContain(`orders   joined into batches, ${words}`);
    expect(banner).toContain('npx sidereal send order 1 UM 5 rent-7 --account 0 --wait final');
    expect(banner).toContain('http://127.0.0.1:4400/auto-batches/live');
  });
});
