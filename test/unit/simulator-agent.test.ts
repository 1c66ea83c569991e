/** The agent on each official SDK, directly against the simulator of its dialect: the ground truth of the same through the proxy. */
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { expect } from 'chai';
import OpenAI from 'openai';
import { anthropicAgent, geminiAgent, openAiAgent } from '../support/simulator/agent-loops';
import { agentScript } from '../support/simulator/agent-script';
import { type AgentOptions, type AgentState, withoutSight } from '../support/simulator/agent-tools';
import { type Simulator, type SimulatorOptions, startSimulator } from '../support/simulator/simulator';

interface Case extends SimulatorOptions {
  name: string;
  model: string;
  run: (sim: Simulator, options: AgentOptions) => Promise<AgentState>;
  /** How many answers tell thinking. */
  thoughts: number;
}

const onOpenAi: Case['run'] = (sim, options) =>
  openAiAgent(new OpenAI({ apiKey: sim.key ?? 'none', baseURL: `${sim.url}/v1`, maxRetries: 0 }), options);
const onGemini: Case['run'] = (sim, options) =>
  geminiAgent(
    new GoogleGenAI({ apiKey: sim.key ?? '', httpOptions: { baseUrl: sim.url, apiVersion: 'v1beta' } }),
    options,
  );
const onAnthropic: Case['run'] = (sim, options) =>
  anthropicAgent(new Anthropic({ apiKey: sim.key, authToken: null, baseURL: sim.url, maxRetries: 0 }), options);

const CASES: Case[] = [
  { name: 'anthropic', dialect: 'anthropic', model: 'claude-x', run: onAnthropic, thoughts: 4 },
  { name: 'openai', dialect: 'openai', model: 'gpt-4o', run: onOpenAi, thoughts: 0 },
  { name: 'deepseek', dialect: 'openai', vendor: 'deepseek', model: 'deepseek-reasoner', run: onOpenAi, thoughts: 4 },
  { name: 'gemini 3', dialect: 'gemini', model: 'gemini-3-pro', run: onGemini, thoughts: 4 },
  { name: 'gemini 2.5', dialect: 'gemini', model: 'gemini-2.5-pro', run: onGemini, thoughts: 4 },
];

describe('simulator: the agent', () => {
  const states: AgentState[] = [];
  for (const { name, model, run, thoughts, ...options } of CASES) {
    describe(name, () => {
      let sim: Simulator;
      before(async () => {
        sim = await startSimulator(options);
      });
      after(() => sim.close());

      for (const stream of [false, true]) {
        it(stream ? 'streamed' : 'as a whole', async () => {
          sim.reset();
          sim.respond(agentScript);
          const withoutImages = options.vendor === 'deepseek';
          const state = await run(sim, { model, stream, withoutImages });
          expect(sim.refusals).to.deep.equal([]);
          expect(sim.provider.failures).to.deep.equal([]);
          expect(sim.requests).to.have.length(6);
          expect(sim.last.seen).to.include({ stream, model });
          expect(state.thinking).to.have.length(thoughts);
          expect(state.final).to.match(/^read_file: ⟦notes of docs\/nötes 🙂\.txt⟧; grep: /);
          expect(state.final).to.match(withoutImages ? /; no image$/ : /; image\/png [0-9a-f]{12}$/);
          expect(state.final).to.include('⟦written as told ');
          states.push(state);
        });
      }
    });
  }

  describe('on all of them', () => {
    it('ends in the same state', () => {
      expect(states).to.have.length(2 * CASES.length);
      for (const state of states) expect(withoutSight(state)).to.deep.equal(withoutSight(states[0]));
    });
  });
});
