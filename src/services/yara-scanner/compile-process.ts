import { loadEngine, MAX_ABOUT_BYTES, type RuleFile } from '../../analyze/yara/load-engine.ts';
import { receive, send } from './blocking-wire.ts';
import { ANSWER, ASK, MAX_SOURCES_BYTES, type Prepare, type Prepared } from './engine-wire.ts';

/**
 * Compiles the rule files that it is sent, answers with the compiled set, and ends. A process of its own, because
 * compiling takes gigabytes that are not given back, and because rules can make a compiler hang or die.
 */
function room(_kind: number, about: number, payload: number): readonly [Buffer, Buffer] {
  if (about > MAX_ABOUT_BYTES || payload > MAX_SOURCES_BYTES) throw new Error(`${payload} bytes were sent`);
  return [Buffer.allocUnsafeSlow(about), Buffer.allocUnsafeSlow(payload)];
}

const message = receive(room);
if (message?.kind === ASK.prepare) {
  const { engine, careful }: Prepare = JSON.parse(message.about.toString());
  const files: readonly RuleFile[] = JSON.parse(message.payload.toString());
  const loaded = await loadEngine(engine);
  const { set, report } = loaded.prepare(files, {
    careful,
    at: (index) => send(ANSWER.at, Buffer.from(String(index))),
  });
  const prepared: Prepared = { engine: loaded.kind, version: loaded.version, report };
  send(ANSWER.prepared, set, Buffer.from(JSON.stringify(prepared)));
}
