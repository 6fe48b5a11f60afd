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

"""The tools that the lint runs, each made to speak in findings.

Each tool has one function; its settings are in pyproject.toml. `TOOLS` says
which files each is for and what else its answer depends on.
"""

import dataclasses
import json
import os
import pathlib
import re
import tomllib
from typing import Any, Callable, Iterator, Sequence

from tools.lint import programs
from tools.lint import tree

Finding = tree.Finding
Check = Callable[[pathlib.Path, Sequence[str], bool], list[Finding]]

_LINE = re.compile(r'(.+?):(\d+):(?:\d+:)? (.*)')
# Google's docstrings leave types to the signature.
_TYPES = re.compile(r'DOC1(05|06|07|08|09|10|11)|DOC203|DOC404')
_SCHEMA = 'tfmot_contrib/convergence/claims_schema.json'


@dataclasses.dataclass(frozen=True)
class Tool:
  """A tool from elsewhere.

  Attributes:
    name: As `--rule` takes it; its table in pyproject.toml is called the same.
    check: Runs it on some files, perhaps to mend them.
    on: Globs of the files that it is for.
    codes: The identifiers of its rules, as a pattern.
    also: Globs of the files that its answers depend on too.
    together: Whether an answer depends on all files at once.
    imports: Whether an answer depends on what the file imports.
    fixes: Whether it mends.
    parts: Into how many processes to divide it.
    tables: More tables of pyproject.toml that it reads.
  """

  name: str
  check: Check
  on: tuple[str, ...]
  codes: str
  also: tuple[str, ...] = ()
  together: bool = False
  imports: bool = False
  fixes: bool = False
  parts: int = 1
  tables: tuple[str, ...] = ()

  def applies(self, path: str) -> bool:
    """Tells whether the tool is for a file."""
    return tree.matches(path, self.on)

  def settings(self, root: pathlib.Path) -> str:
    """Returns what of pyproject.toml the tool reads, as text."""
    tables = settings(root)
    names = (self.name, *self.tables)
    return json.dumps({n: tables.get(n) for n in names}, sort_keys=True)


def settings(root: pathlib.Path) -> dict[str, Any]:
  """Returns the `tool` tables of pyproject.toml."""
  path = root / 'pyproject.toml'
  if not path.is_file():
    return {}
  return tomllib.loads(path.read_text(encoding='utf-8')).get('tool', {})


def _parse(text: str) -> tuple[str, int, str]:
  """Splits `PATH:LINE: MESSAGE` or `PATH:LINE:COLUMN: MESSAGE`."""
  path, line, message = _LINE.fullmatch(text).groups()
  return path.removeprefix('./'), int(line), message


def ruff(root: pathlib.Path, files: Sequence[str], fix: bool) -> list[Finding]:
  """Runs ruff: names, docstrings, imports, likely mistakes, line length."""
  mode = '--fix' if fix else '--no-fix'
  flags = ['check', mode, '--exit-zero', '--quiet', '--no-cache']
  command = [programs.packages() / 'ruff', *flags, '--output-format=json']
  done = programs.run(root, [*command, '--', *files])
  return [
      Finding(
          os.path.relpath(item['filename'], root.resolve()),
          item['location']['row'],
          item['code'] or 'syntax',
          item['message'],
      )
      for item in json.loads(done.stdout)
  ]


def pyink(root: pathlib.Path, files: Sequence[str], fix: bool) -> list[Finding]:
  """Runs pyink: Google's layout of Python."""
  mode = [] if fix else ['--check']
  command = [programs.packages() / 'pyink', '--workers=1', *mode, '--', *files]
  findings = []
  for line in programs.run(root, command, (0, 1, 123)).stderr.splitlines():
    if line.startswith('would reformat '):
      path = line.removeprefix('would reformat ')
      findings.append(Finding(path, 1, 'pyink', 'not formatted; run --fix'))
    elif line.startswith('error: cannot format '):
      path, _, message = line.removeprefix('error: cannot format ').partition(
          ': '
      )
      findings.append(Finding(path, 1, 'pyink', message))
  return findings


def pylint(
    root: pathlib.Path, files: Sequence[str], fix: bool
) -> list[Finding]:
  """Runs pylint for errors: wrong arguments, missing members, bad formats."""
  del fix  # It mends nothing.
  flags = ['--errors-only', '--output-format=json2', '--score=n']
  command = [programs.packages() / 'pylint', *flags, '--', *files]
  done = programs.run(root, command, range(32))
  return [
      Finding(
          os.path.relpath(root / m['path'], root),
          m['line'],
          m['messageId'],
          f'{m["symbol"]}: {" ".join(m["message"].split())}',
      )
      for m in json.loads(done.stdout)['messages']
  ]


def pydoclint(
    root: pathlib.Path, files: Sequence[str], fix: bool
) -> list[Finding]:
  """Runs pydoclint: docstrings against signatures."""
  del fix  # It mends nothing.
  command = [programs.packages() / 'pydoclint', '-q', *files]
  done = programs.run(root, command, (0, 1))
  findings, path = [], ''
  for line in (done.stdout + done.stderr).splitlines():
    found = re.match(r' +(\d+): (DOC\d+): (.*)', line)
    if found and not _TYPES.fullmatch(found[2]):
      findings.append(Finding(path, int(found[1]), found[2], found[3].strip()))
    elif line.strip() and not line.startswith(' '):
      path = os.path.relpath(root / line.strip(), root)
  return findings


def buildifier(
    root: pathlib.Path, files: Sequence[str], fix: bool
) -> list[Finding]:
  """Runs buildifier: the layout of Bazel files, unused loads, docstrings."""
  chosen = settings(root)['buildifier']
  program = programs.buildifier(chosen)
  warnings = '--warnings=' + ','.join(chosen['warnings'])
  if fix:
    # Exit code 4: a warning is left that it cannot mend.
    programs.run(root, [program, '--lint=fix', warnings, *files], (0, 1, 4))
  flags = ['--mode=check', '--format=json', '--lint=warn', warnings]
  done = programs.run(root, [program, *flags, *files], (0, 1))
  findings = [
      Finding(path, line, 'buildifier', message)
      for path, line, message in map(_parse, done.stderr.splitlines())
  ]
  for item in json.loads(done.stdout)['files']:
    path = item['filename']
    if item['valid'] and not item['formatted']:
      message = 'not formatted; run --fix'
      findings.append(Finding(path, 1, 'buildifier', message))
    findings += [
        Finding(
            path,
            w['start']['line'],
            w['category'],
            ' '.join(w['message'].split()),
        )
        for w in item['warnings']
    ]
  return findings


def yamllint(
    root: pathlib.Path, files: Sequence[str], fix: bool
) -> list[Finding]:
  """Runs yamllint: the layout of YAML, doubled keys, ambiguous values."""
  del fix  # It mends nothing.
  config = json.dumps(settings(root).get('yamllint', {'extends': 'default'}))
  flags = ['--format=parsable', '-d', config]
  command = [programs.packages() / 'yamllint', *flags, *files]
  done = programs.run(root, command, (0, 1, 2))
  findings = []
  for path, line, text in map(_parse, done.stdout.splitlines()):
    message, _, rule = text.partition('] ')[2].rstrip(')').rpartition(' (')
    findings.append(Finding(path, line, rule, message))
  return findings


def codespell(
    root: pathlib.Path, files: Sequence[str], fix: bool
) -> list[Finding]:
  """Runs codespell: common misspellings, in prose and code."""
  del fix  # It would rename what it takes for a word.
  command = [programs.packages() / 'codespell', *files]
  done = programs.run(root, command, (0, 65))
  return [
      Finding(path, line, 'codespell', message)
      for path, line, message in map(_parse, done.stdout.splitlines())
  ]


# By the files, the schema of check-jsonschema or of this project.
_SCHEMAS = (
    ('.github/workflows/*', '--builtin-schema=vendor.github-workflows'),
    (
        '.github/ISSUE_TEMPLATE/config.yml',
        '--builtin-schema=vendor.github-issue-config',
    ),
    ('.github/ISSUE_TEMPLATE/*', '--builtin-schema=vendor.github-issue-forms'),
    ('.github/dependabot.yml', '--builtin-schema=vendor.dependabot'),
    ('tfmot_contrib/*/technique.yaml', f'--schemafile={_SCHEMA}'),
)


def check_jsonschema(
    root: pathlib.Path, files: Sequence[str], fix: bool
) -> list[Finding]:
  """Runs check-jsonschema: workflows, issue forms and technique.yaml."""
  del fix  # It mends nothing.
  findings: list[Finding] = []
  left = [path for path in files if path.endswith(('.yml', '.yaml'))]
  for glob, schema in _SCHEMAS:
    chosen = [path for path in left if tree.matches(path, [glob])]
    left = [path for path in left if path not in chosen]
    if chosen:
      program = programs.packages() / 'check-jsonschema'
      command = [program, schema, '--output-format=json', *chosen]
      findings += _schema_errors(root, programs.run(root, command, (0, 1)))
  return findings


def _schema_errors(root: pathlib.Path, done: Any) -> Iterator[Finding]:
  """Yields what check-jsonschema says."""
  answer = json.loads(done.stdout)
  for item in answer.get('errors', ()):
    where = item.get('path', '$').removeprefix('$.')
    keys = re.findall(r'[\w-]+', where)
    lines = (root / item['filename']).read_text(encoding='utf-8').split('\n')
    yield Finding(
        item['filename'],
        _line_of(lines, keys),
        'check-jsonschema',
        f'at {where}: {" ".join(item["message"].split())[:200]}',
    )
  for item in answer.get('parse_errors', ()):
    message = ' '.join(str(item.get('message', 'no YAML')).split())[:200]
    yield Finding(item['filename'], 1, 'check-jsonschema', message)


def _line_of(lines: Sequence[str], keys: Sequence[str]) -> int:
  """Returns the line of the last of nested keys that stand in order."""
  at = 0
  for key in keys:
    for number in range(at, len(lines)):
      if lines[number].strip().removeprefix('- ').startswith(f'{key}:'):
        at = number
        break
  return at + 1


def import_linter(
    root: pathlib.Path, files: Sequence[str], fix: bool
) -> list[Finding]:
  """Runs import-linter: imports go one way, techniques know no other."""
  del fix  # It mends nothing.
  command = [programs.packages() / 'lint-imports', '--no-cache']
  done = programs.run(root, command, (0, 1))
  if done.returncode and 'BROKEN' not in done.stdout:
    return [Finding('pyproject.toml', 1, 'import-linter', _words(done.stdout))]
  findings, contract, before = [], '', ''
  for line in done.stdout.splitlines():
    if re.fullmatch(r'-+', line):
      contract = before
    before = line
    found = re.search(r'([\w.]+) -> ([\w.]+) \(l\.(\d+)', line)
    if found:
      stem = found[1].replace('.', '/')
      names = [n for n in (f'{stem}.py', f'{stem}/__init__.py') if n in files]
      path = names[0] if names else 'pyproject.toml'
      message = f'{contract}: imports {found[2]}'
      findings.append(Finding(path, int(found[3]), 'import-linter', message))
  return sorted(set(findings))


def _words(text: str) -> str:
  return ' '.join(text.split())[-300:]


def zizmor(
    root: pathlib.Path, files: Sequence[str], fix: bool
) -> list[Finding]:
  """Runs zizmor: what makes a GitHub workflow unsafe."""
  del fix  # What it would change, a human decides.
  flags = ['--offline', '--no-progress', '--quiet', '--format=json']
  command = [programs.packages() / 'zizmor', *flags, '--no-exit-codes', *files]
  done = programs.run(root, command)
  findings = []
  for item in json.loads(done.stdout or '[]'):
    place = next(
        x for x in item['locations'] if x['symbolic']['kind'] == 'Primary'
    )
    findings.append(
        Finding(
            place['symbolic']['key']['Local']['verbatim_path'].removeprefix(
                './'
            ),
            place['concrete']['location']['start_point']['row'] + 1,
            item['ident'],
            f'{item["desc"]}: {place["symbolic"]["annotation"]}',
        )
    )
  return findings


def actionlint(
    root: pathlib.Path, files: Sequence[str], fix: bool
) -> list[Finding]:
  """Runs actionlint: jobs, steps and expressions of a GitHub workflow."""
  del fix  # It mends nothing.
  command = programs.actionlint(settings(root)['actionlint'])
  done = programs.run(root, [*command, *files])
  return [
      Finding(item['path'], item['line'], 'actionlint', item['message'])
      for item in json.loads(done.stdout)
  ]


_PYTHON = ('**/*.py',)
_OURS = ('tfmot_contrib/**/*.py', 'tools/**/*.py', 'noxfile.py')
# In the order in which --fix runs them: pyink lays out what others changed.
TOOLS = {
    tool.name: tool
    for tool in (
        Tool('ruff', ruff, _PYTHON, r'[A-Z]{1,4}\d{3}|syntax', fixes=True),
        Tool('pyink', pyink, _PYTHON, 'pyink', fixes=True, parts=2),
        Tool(
            'pylint',
            pylint,
            _OURS,
            r'[EF]\d{4}',
            imports=True,
            parts=2,
        ),
        Tool('pydoclint', pydoclint, _OURS, r'DOC\d{3}'),
        Tool(
            'buildifier',
            buildifier,
            ('**/*.bzl', '**/BUILD', '**/WORKSPACE', 'BUILD', 'WORKSPACE'),
            'buildifier',
            fixes=True,
        ),
        Tool('yamllint', yamllint, ('**/*.yaml', '**/*.yml'), 'yamllint'),
        Tool('codespell', codespell, ('**',), 'codespell'),
        Tool(
            'check-jsonschema',
            check_jsonschema,
            ('.github/**', 'tfmot_contrib/*/technique.yaml'),
            'check-jsonschema',
            also=(_SCHEMA,),
        ),
        Tool(
            'import-linter',
            import_linter,
            ('tfmot_contrib/**/*.py', 'tools/**/*.py'),
            'import-linter',
            together=True,
            tables=('importlinter',),
        ),
        Tool('zizmor', zizmor, ('.github/workflows/*',), 'zizmor'),
        Tool('actionlint', actionlint, ('.github/workflows/*',), 'actionlint'),
    )
}
