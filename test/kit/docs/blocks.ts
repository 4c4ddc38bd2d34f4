/** A fenced block that shows commands. */
export interface Block {
  /** Of the fence, from 1. */
  readonly line: number;
  readonly commands: readonly Command[];
  /** Why it is not run, from the comment above it; null: it is. */
  readonly notRun: string | null;
}

export interface Command {
  readonly text: string;
  /** The output shown below it; "…" stands for anything. Empty: nothing is shown. */
  readonly shown: readonly string[];
}

const FENCE = /^```(sh|console)$/;
const NOT_RUN = /^<!-- not run: (.+) -->$/;
/** The output stands in a block of its own. */
const OUTPUT_OF = /^<!-- output of: (.+) -->$/;

/** Every block of commands of a page, in order. In `console` the commands are those behind `$ `. */
export function blocksOf(page: string): readonly Block[] {
  const lines = page.split('\n');
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const language = FENCE.exec(lines[at] ?? '')?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf('```', at);
    const inside = lines.slice(at + 1, end);
    const above = lines.slice(0, at).findLast((line) => line.trim() !== '') ?? '';
    blocks.push({
      line: at + 1,
      commands: language === 'sh' ? inLines(inside) : afterPrompts(inside),
      notRun: NOT_RUN.exec(above)?.[1] ?? null,
    });
    at = end;
  }
  return withOutputs(blocks, lines);
}

/** A line goes on in the next where the shell says so. */
function inLines(lines: readonly string[]): readonly Command[] {
  const commands: Command[] = [];
  let open = '';
  for (const line of lines) {
    open += `${line}\n`;
    if (/(\\|\||&&)$/.test(line)) continue;
    if (open.trim() !== '') commands.push({ text: open.trim(), shown: [] });
    open = '';
  }
  return commands;
}

function afterPrompts(lines: readonly string[]): readonly Command[] {
  const commands: { text: string; shown: string[] }[] = [];
  for (const line of lines) {
    const last = commands.at(-1);
    if (line.startsWith('$ ')) commands.push({ text: line.slice(2), shown: [] });
    else if (last?.text.endsWith('\\') === true) last.text += `\n${line}`;
    else last?.shown.push(line);
  }
  return commands;
}

function withOutputs(blocks: readonly Block[], lines: readonly string[]): readonly Block[] {
  const outputs = new Map<string, readonly string[]>();
  for (const [at, line] of lines.entries()) {
    const command = OUTPUT_OF.exec(line)?.[1];
    if (command === undefined) continue;
    const begin = lines.indexOf('```', at);
    outputs.set(command, lines.slice(begin + 1, lines.indexOf('```', begin + 1)));
  }
  return blocks.map((block) => ({
    ...block,
    commands: block.commands.map((command) => ({
      ...command,
      shown: outputs.get(command.text.replace(/\s+#.*$/, '')) ?? command.shown,
    })),
  }));
}
