import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { SnapshotMessage } from '../../shared/protocol';
import { ClusterView } from '../../worker/cluster-view';

const snapshot = (more: Partial<SnapshotMessage> = {}) =>
  ({ statusHead: '{"name":"東京"', draining: false, unavailableProviders: [], ...more }) as unknown as SnapshotMessage; // What is read of one.

const ageIn = (document: Uint8Array | null) => JSON.parse(String(document)).snapshot_age_ms as number; // Its own shape.

describe('the /status document of a worker', () => {
  it('is the snapshot, who served it, and how old it is by now', async () => {
    const view = new ClusterView({ slot: 3 } as ConstructorParameters<typeof ClusterView>[0]); // What is read of one.
    expect(view.statusDocument()).to.equal(null);
    view.receive(snapshot());
    expect(JSON.parse(String(view.statusDocument()))).to.deep.include({
      name: '東京',
      served_by: { slot: 3, pid: process.pid },
    });
    await sleep(120);
    expect(ageIn(view.statusDocument())).to.be.within(110, 2000);
    view.receive(snapshot());
    expect(ageIn(view.statusDocument()), 'a shorter number').to.be.below(110);
    view.receive(snapshot({ statusHead: '{"other":1', draining: false }));
    expect(String(view.statusDocument())).to.match(/^\{"other":1,"served_by":/);
    view.receive(snapshot({ draining: true }));
    expect(view.statusDocument()).to.equal(null);
  });
});
