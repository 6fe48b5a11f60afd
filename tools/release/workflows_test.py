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

"""Tests of the workflows and of the sessions that documents name.

A workflow calls the same nox sessions that people call. That its token reads
unless a job says why it must write, that actions are pinned and that no text of
a stranger reaches a shell is what zizmor finds in lint.
"""

import ast
import pathlib
import re
from typing import Any, Iterator

from absl.testing import absltest
import yaml

from tools.env import bootstrap

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_SESSION = re.compile(r'(?:tools/nox|nox) -s ([a-z_]+)')
_PINNED = re.compile(r'^\s*(?:- )?uses: [\w./-]+@[0-9a-f]{40} +# v\d+(\.\d+)*$')
_BAZEL = re.compile(r'run: .*(?:tools/nox|\.ci/run)|^ +tools/nox', re.M)
_MOST_MINUTES = 2880
_GOOD = f"""\
name: good
on: push
env:
  USE_BAZEL_VERSION: {bootstrap.BAZEL}
jobs:
  a:
    timeout-minutes: 5
    permissions:
      contents: write # To push.
    steps:
      - uses: actions/checkout@{'a' * 40} # v4.2.2
      - run: echo
  b:
    timeout-minutes: 5
    steps:
      - run: tools/nox -s tests
"""


def sessions_of(noxfile: str) -> set[str]:
  """Returns the sessions that the text of a noxfile has."""
  return {
      node.name
      for node in ast.parse(noxfile).body
      if isinstance(node, ast.FunctionDef)
      and any(ast.unparse(d) == 'nox.session' for d in node.decorator_list)
  }


def unknown_sessions(text: str, sessions: set[str]) -> list[str]:
  """Returns the sessions that a text names and that there are not."""
  return sorted(set(_SESSION.findall(text)) - sessions)


def problems(text: str, sessions: set[str]) -> Iterator[str]:
  """Finds what is wrong with a workflow.

  Args:
    text: Of the YAML file.
    sessions: Those that there are.

  Yields:
    A line for each problem.
  """
  workflow = yaml.safe_load(text)
  for name in unknown_sessions(text, sessions):
    yield f'there is no session {name}'
  for line in text.splitlines():
    if 'uses:' in line and not _PINNED.match(line):
      yield f'not pinned by commit and version: {line.strip()}'
  if _BAZEL.search(text):
    if workflow.get('env', {}).get('USE_BAZEL_VERSION') != bootstrap.BAZEL:
      yield f'runs Bazel, and not {bootstrap.BAZEL}: set USE_BAZEL_VERSION'
  for name, job in workflow['jobs'].items():
    yield from (f'{name}: {line}' for line in _of_job(job))


def _of_job(job: dict[str, Any]) -> Iterator[str]:
  """Yields what is wrong with a job."""
  if not 0 < job.get('timeout-minutes', 0) <= _MOST_MINUTES:
    yield 'no timeout'
  if 'secrets.' in str(job):
    yield 'a secret is used'
  writes = 'write' in job.get('permissions', {}).values()
  if writes and any('nox' in step.get('run', '') for step in job['steps']):
    yield 'what may write runs what it has installed'


def _read(name: str) -> str:
  return (_ROOT / name).read_text(encoding='utf-8')


class WorkflowsTest(absltest.TestCase):

  def test_workflows(self):
    sessions = sessions_of(_read('noxfile.py'))
    self.assertContainsSubset({'tests', 'nightly', 'release_gate'}, sessions)
    names = {'ci.yml', 'nightly.yml', 'release.yml'}
    folder = _ROOT / '.github/workflows'
    found = {path.name for path in folder.glob('*.yml')}
    self.assertContainsSubset(names, found)
    for name in found:
      text = _read(f'.github/workflows/{name}')
      self.assertEqual(list(problems(text, sessions)), [], name)

  def test_documents(self):
    sessions = sessions_of(_read('noxfile.py'))
    found = [*_ROOT.glob('*.md'), *_ROOT.glob('docs/*.md')]
    self.assertIn(_ROOT / 'MAINTAINING.md', found)
    for path in found:
      text = path.read_text(encoding='utf-8')
      self.assertEmpty(unknown_sessions(text, sessions), path)

  def test_each_workflow_calls_a_session(self):
    for name, session in (('nightly', 'nightly'), ('release', 'release_gate')):
      self.assertIn(f'nox -s {session}', _read(f'.github/workflows/{name}.yml'))
    self.assertIn('run: .ci/run', _read('.github/workflows/ci.yml'))
    self.assertIn('tools/nox -s tests', _read('.ci/run'))

  def test_good(self):
    self.assertEqual(list(problems(_GOOD, {'tests'})), [])

  def test_bad(self):
    for before, after, message in (
        ('-s tests', '-s test', 'no session test'),
        ('a' * 40, 'v4', 'not pinned'),
        (' # v4.2.2', '', 'not pinned'),
        ('    timeout-minutes: 5\n', '', 'no timeout'),
        ('run: echo', 'run: echo $secrets.X', 'a secret'),
        ('run: echo', 'run: tools/nox -s tests', 'what may write runs'),
        (f'VERSION: {bootstrap.BAZEL}', 'VERSION: 8', 'runs Bazel, and not'),
    ):
      self.assertIn(before, _GOOD)
      text = _GOOD.replace(before, after)
      found = list(problems(text, {'tests'}))
      self.assertNotEmpty(found, after)
      self.assertRegex('; '.join(found), message)


if __name__ == '__main__':
  absltest.main()
