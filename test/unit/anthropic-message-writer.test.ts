import { expect } from 'chai';
import type { StopReason } from '../../worker/dialects/answer';
import { MessageWriter } from '../../worker/dialects/anthropic/message-writer';

function cutOff(reason: StopReason): MessageWriter {
  const writer = new MessageWriter({ requestId: 'req_1', model: 'm', includeUsage: false });
  writer.begin('', '', null);
  writer.text('Reading');
  writer.toolCall('call_1', 'Read');
  writer.toolArguments('{\\"path\\":\\"/tm');
  writer.end(reason, null, null);
  return writer;
}

describe('A Messages document whose last call has broken arguments', () => {
  it('leaves the call out where the limit cut it off', () => {
    for (const reason of ['max_tokens', 'model_context_window_exceeded', 'refusal'] as const) {
      const writer = cutOff(reason);
      const message: unknown = JSON.parse(writer.take());
      expect(writer.state).to.equal('ended');
      expect(message).to.deep.include({ stop_reason: reason, content: [{ type: 'text', text: 'Reading' }] });
    }
  });

  it('is a failure where the provider says that the call is whole', () => {
    const writer = cutOff('tool_use');
    expect(writer.state).to.equal('failed');
    expect(writer.take()).to.equal('');
  });
});
