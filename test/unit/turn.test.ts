import { once } from 'node:events';
import { expect } from 'chai';
import { Turn } from '../../worker/gateway/turn';

/** The immediates that there are by now have run. */
const overTurn = () => new Promise(setImmediate);

describe('the end of a turn of the event loop', () => {
  let done: string[];
  let turn: Turn;
  beforeEach(() => {
    done = [];
    turn = new Turn();
  });
  const noted = () => turn.stage((piece: string) => void done.push(piece));

  it('does all of one stage before the next one, in the order of arrival', async () => {
    const [first, second] = [noted(), noted()];
    second('c');
    first('a');
    second('d');
    first('b');
    expect(done).to.deep.equal([]);
    await overTurn();
    expect(done).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('does what a stage adds to itself and to a later one as well', async () => {
    const first = turn.stage((piece: string) => {
      done.push(piece);
      if (piece === 'a') first('again');
      second(`${piece} later`);
    });
    const second = noted();
    first('a');
    await overTurn();
    expect(done).to.deep.equal(['a', 'again', 'a later', 'again later']);
  });

  it('does what is added to a stage that is over in the next turn', async () => {
    const first = noted();
    const second = turn.stage((piece: string) => first(`after ${piece}`));
    second('a');
    await overTurn();
    expect(done).to.deep.equal([]);
    await overTurn();
    expect(done).to.deep.equal(['after a']);
  });

  it('takes work for one turn after the other', async () => {
    const note = noted();
    for (const piece of ['a', 'b', 'c']) {
      note(piece);
      await overTurn();
      expect(done.at(-1)).to.equal(piece);
    }
  });

  it('loses nothing but the piece that throws', async () => {
    const first = turn.stage((piece: string) => {
      if (piece === 'bad') throw new Error('a bug');
      done.push(piece);
    });
    const second = noted();
    for (const piece of ['a', 'bad', 'b']) first(piece);
    second('c');
    const mochas = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const [error] = await once(process, 'uncaughtException');
    for (const listener of mochas) process.on('uncaughtException', listener);
    await overTurn();
    expect([String(error), ...done]).to.deep.equal(['Error: a bug', 'a', 'b', 'c']);
  });
});
