# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Checks the style of every file that git tracks or would track.

Prints `PATH:LINE: RULE message` for each finding, sorted. Exit code 0 says that
there is none, 1 that there are some, 2 that the command is wrong.
"""

import argparse
import json
import pathlib
import re
import sys
import time
from typing import Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.lint import cache as caches
from tools.lint import external
from tools.lint import programs
from tools.lint import registry
from tools.lint import runner
from tools.lint import tree
from tools.versions import bootstrap


def choose(names: Sequence[str]) -> runner.Choice:
  """Returns the rules and tools that are asked for.

  Args:
    names: Own rules, tools, or rules of tools such as F401; none for all.

  Returns:
    The choice.

  Raises:
    errors.InputError: There is no such rule.
  """
  rules = registry.load()
  if not names:
    return runner.Choice(rules, external.TOOLS)
  own, tools, codes = {}, {}, set()
  for name in names:
    if name in rules:
      own[name] = rules[name]
    elif name in external.TOOLS:
      tools[name] = external.TOOLS[name]
    elif tool := _tool_of(name):
      tools[tool.name] = tool
      codes.add(name)
    else:
      raise errors.InputError(
          f'there is no rule {name}: tools/nox -s lint -- --list has them all'
      )
  # A whole tool beside a code of another: all of both.
  whole = set(own) if codes else set()
  return runner.Choice(own, tools, codes=frozenset(codes | whole))


def _tool_of(code: str) -> external.Tool | None:
  """Returns the tool that has a rule, by the look of its identifier."""
  for tool in external.TOOLS.values():
    if re.fullmatch(tool.codes, code) and tool.name != code:
      if tool.name != 'ruff' or not code.startswith(('DOC', 'F0')):
        if tool.name != 'pylint' or len(code) == 5:
          return tool
  return None


def explain(name: str) -> str:
  """Returns what a rule asks for, why, where that stands, and examples.

  Args:
    name: As for `choose`.

  Returns:
    Some lines of text.
  """
  choice = choose([name])
  if name in choice.rules:
    rule = choice.rules[name]
    parts = [f'{rule.id}\n\n{rule.why}\n\nSource: {rule.source}']
    parts.append('Mended by --fix.' if rule.fix else 'Mended by hand.')
    for title, examples in (('Bad', rule.bad), ('Good', rule.good)):
      for path, text in examples[0].items():
        body = re.sub(r'(?s)# Copyright.*?limitations.*?\n\n?', '', text)
        lines = body.rstrip('\n').split('\n')[:14]
        shown = '\n'.join(f'    {line}' for line in lines)
        parts.append(f'{title}: {path}\n{shown}')
    return '\n\n'.join(parts)
  (tool,) = choice.tools.values()
  if tool.name == 'ruff' and choice.codes:
    command = [programs.packages() / 'ruff', 'rule', name]
    return bootstrap.run(command, f'explaining {name}').strip()
  if tool.name == 'pylint' and choice.codes:
    command = [programs.packages() / 'pylint', f'--help-msg={name}']
    return bootstrap.run(command, f'explaining {name}').strip()
  return f'{name}\n\n{tool.check.__doc__}\nIts table: [tool.{tool.name}].'


def _list() -> str:
  """Returns a line for each rule and tool."""
  lines = [
      f'{rule.id:<20} {rule.why.splitlines()[0]}'
      for rule in registry.load().values()
  ]
  lines += [
      f'{tool.name:<20} {tool.check.__doc__.splitlines()[0]}'
      for tool in external.TOOLS.values()
  ]
  return '\n'.join(lines)


def show(findings: Sequence[tree.Finding], form: str) -> str:
  """Returns findings as text.

  Args:
    findings: What was found.
    form: `text`, `json` or `github`, whose lines become remarks in a review.

  Returns:
    Some lines.
  """
  if form == 'json':
    return json.dumps([finding._asdict() for finding in findings], indent=1)
  if form == 'github':
    return '\n'.join(
        f'::error file={f.path},line={f.line},title={f.rule}::'
        + f.message.replace('%', '%25').replace('\n', '%0A')
        for f in findings
    )
  return '\n'.join(map(str, findings))


def _parser() -> argparse.ArgumentParser:
  """Makes the parser."""
  parser = argparse.ArgumentParser(
      prog='lint',
      description=__doc__,
      epilog='The settings are in pyproject.toml, the rules in docs/lint.md.',
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  parser.add_argument(
      'paths', nargs='*', metavar='PATH', help='files or folders; default: all'
  )
  parser.add_argument(
      '--fix', action='store_true', help='mend what can be mended'
  )
  parser.add_argument(
      '--changed-since', metavar='REV', help='only files that differ from REV'
  )
  parser.add_argument(
      '--rule',
      action='append',
      default=[],
      metavar='ID',
      help='this rule or tool alone; may be repeated',
  )
  parser.add_argument('--explain', metavar='ID', help='say what a rule is for')
  parser.add_argument('--list', action='store_true', help='name all rules')
  parser.add_argument(
      '--format', choices=('text', 'json', 'github'), default='text'
  )
  return parser


@errors.exits_with_one_line
def main(
    argv: Sequence[str],
    root: pathlib.Path = bootstrap.ROOT,
    cache: pathlib.Path | None = None,
) -> int:
  """Prints the findings and returns the exit code.

  Args:
    argv: The command line without the program.
    root: The folder of the project.
    cache: Where results are kept; that of all clones by default.

  Returns:
    0 when nothing is found, else 1.
  """
  flags = _parser().parse_args(argv)
  if flags.list or flags.explain:
    print(explain(flags.explain) if flags.explain else _list())
    return 0
  started = time.monotonic()
  choice = choose(flags.rule)
  if flags.paths and flags.changed_since:
    raise errors.InputError('give PATHS or --changed-since, not both')
  files = None
  if flags.paths:
    paths = [str(surroundings.path(path)) for path in flags.paths]
    files = tree.list_files(root, paths)
  elif flags.changed_since:
    files = tree.changed_files(root, flags.changed_since)
  every = tree.list_files(root)
  if flags.fix:
    for path in runner.fix(root, choice, every if files is None else files):
      print(f'fixed {path}')
  project = tree.Project(root, every)
  findings = runner.Runner(
      project, caches.Cache(cache or caches.default_path())
  ).run(
      runner.Choice(
          choice.rules, choice.tools, files, bool(flags.paths), choice.codes
      )
  )
  if findings or flags.format == 'json':
    print(show(findings, flags.format))
  seconds = time.monotonic() - started
  plural = '' if len(findings) == 1 else 's'
  count = f'{len(findings)} finding{plural}' if findings else 'clean'
  looked = len(every if files is None else files)
  print(f'lint: {count}, {looked} files, {seconds:.1f} s', file=sys.stderr)
  return 1 if findings else 0


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
