#!/usr/bin/env -S node --max-semi-space-size=2 --heap-growing-percent=25
import { CommanderError } from 'commander';
import { processEnvironment } from '../config/start/index.ts';
import { forTerminal } from '../report/index.ts';
import { backuplensProgram } from './program.ts';
import { runner } from './run.ts';

// A reader that has gone (`--help | head -1`) is no fault; who writes a report says what it means for that.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

/** Loaded when a command asks for one: what checks them is the dearest part of a start. */
const settings = async () => import('../config/folders/index.ts');

const env = processEnvironment();
const program = backuplensProgram(
  {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    escape: forTerminal,
    folders: async () => (await settings()).loadFolders({ cwd: process.cwd(), env }),
  },
  runner((env['NO_COLOR'] ?? '') !== ''),
  async () => (await settings()).loadTokensPath({ cwd: process.cwd(), env }),
);

try {
  await program.parseAsync();
} catch (error) {
  // commander has said what there is to say: help and version end well, everything else is wrong usage.
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
