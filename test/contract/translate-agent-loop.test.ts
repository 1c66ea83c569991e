/** The same agent, on either client SDK, over every provider: six answers with tools, errors and an image, one final state. */
import { expect } from 'chai';
import { anthropicAgent, openAiAgent } from '../support/simulator/agent-loops';
import { agentScript } from '../support/simulator/agent-script';
import { type AgentOptions, type AgentState, withoutSight } from '../support/simulator/agent-tools';
import {
  asked,
  isTranslated,
  type Proxied,
  startProxied,
  TARGETS,
  takesImages,
  tellsThinking,
} from '../support/simulator/proxied';

describe('an agent through the proxy', () => {
  let all: Proxied;
  const states: AgentState[] = [];
  before(async () => {
    all = await startProxied();
  });
  after(() => all?.stop());

  const CLIENTS: [string, (options: AgentOptions) => Promise<AgentState>][] = [
    ['the Anthropic SDK', (options) => anthropicAgent(all.anthropic, options)],
    ['the OpenAI SDK', (options) => openAiAgent(all.openai, options)],
  ];

  for (const [client, run] of CLIENTS) {
    for (const target of TARGETS) {
      // Mistral tells its thinking in parts of the content, which no OpenAI SDK reads; here they are passed through.
      if (client === 'the OpenAI SDK' && target.provider === 'mistral') continue;
      for (const stream of [true, false]) {
        it(`${client}, ${asked(target)}, ${stream ? 'streamed' : 'as a whole'}`, async () => {
          all.reset();
          const sim = all.simOf(target);
          sim.respond(agentScript);
          const withoutImages = !takesImages(target);
          const state = await run({ model: asked(target), stream, withoutImages });
          expect(all.complaints()).to.deep.equal([]);
          expect(sim.requests).to.have.length(6);
          expect(sim.last.seen).to.include({ stream, model: target.model });
          expect(state.final).to.include('⟦written as told ');
          expect(state.final).to.match(withoutImages ? /; no image$/ : /; image\/png [0-9a-f]{12}$/);
          expect(state.stops.slice(0, 5)).to.satisfy((stops: string[]) => new Set(stops).size === 1);
          const isAnthropic = client === 'the Anthropic SDK';
          expect(state.stops.at(-1)).to.equal(isAnthropic ? 'end_turn' : 'stop');
          if (isAnthropic) expect(state.thinking).to.have.length(tellsThinking(target) ? 4 : 0);
          states.push(state);
        });
      }
    }
  }

  describe('on all of these ways', () => {
    it('ends in the same state', () => {
      expect(states).to.have.length((CLIENTS.length * TARGETS.length - 1) * 2);
      for (const state of states) expect(withoutSight(state)).to.deep.equal(withoutSight(states[0]));
    });
  });

  for (const [client, run] of CLIENTS) {
    it(`${client} moves from any provider to any other in mid-conversation`, async () => {
      // Ids, thinking and signatures of one provider go to another in the next turn, where they are translated.
      const others = TARGETS.filter((target) =>
        isTranslated(client === 'the OpenAI SDK' ? 'openai' : 'anthropic', target),
      );
      const order = [...others, ...others.toReversed()];
      for (const start of order.keys()) {
        all.reset();
        for (const sim of Object.values(all.sims)) sim.respond(agentScript);
        let step = start;
        const model = () => order.slice(step++ % order.length).map(asked)[0] ?? '';
        const state = await run({ model, stream: start % 2 === 0 });
        expect(all.complaints(), `from ${start}`).to.deep.equal([]);
        expect(withoutSight(state)).to.deep.equal(withoutSight(states[0]));
      }
    });
  }
});
