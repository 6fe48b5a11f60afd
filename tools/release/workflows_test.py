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

"""Tests of the workflows and of the sessions that documents name."""

import pathlib

from absl.testing import absltest

from tools.release import workflows
from tools.versions import bootstrap

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_GOOD = f"""\
name: good
on: push
permissions:
  contents: read
concurrency: one
env:
  USE_BAZEL_VERSION: {bootstrap.BAZEL}
jobs:
  a:
    timeout-minutes: 5
    permissions:
      contents: write # To push.
    steps:
      - uses: actions/checkout@{'a' * 40} # v4.2.2
        with:
          persist-credentials: false
      - run: echo
  b:
    timeout-minutes: 5
    steps:
      - run: tools/nox -s tests
"""


def _read(name: str) -> str:
  return (_ROOT / name).read_text(encoding='utf-8')


class WorkflowsTest(absltest.TestCase):

  def test_workflows(self):
    sessions = workflows.sessions_of(_read('noxfile.py'))
    self.assertContainsSubset({'tests', 'nightly', 'release_gate'}, sessions)
    names = {'ci.yml', 'nightly.yml', 'release.yml'}
    folder = _ROOT / '.github/workflows'
    found = {path.name for path in folder.glob('*.yml')}
    self.assertContainsSubset(names, found)
    for name in found:
      text = _read(f'.github/workflows/{name}')
      self.assertEqual(list(workflows.problems(text, sessions)), [], name)

  def test_documents(self):
    sessions = workflows.sessions_of(_read('noxfile.py'))
    found = [*_ROOT.glob('*.md'), *_ROOT.glob('docs/*.md')]
    self.assertIn(_ROOT / 'MAINTAINING.md', found)
    for path in found:
      text = path.read_text(encoding='utf-8')
      self.assertEmpty(workflows.unknown_sessions(text, sessions), path)

  def test_each_workflow_calls_a_session(self):
    for name, session in (('nightly', 'nightly'), ('release', 'release_gate')):
      self.assertIn(f'nox -s {session}', _read(f'.github/workflows/{name}.yml'))
    self.assertIn('run: .ci/run', _read('.github/workflows/ci.yml'))
    self.assertIn('tools/nox -s tests', _read('.ci/run'))

  def test_good(self):
    self.assertEqual(list(workflows.problems(_GOOD, {'tests'})), [])

  def test_bad(self):
    for before, after, message in (
        ('-s tests', '-s test', 'no session test'),
        ('a' * 40, 'v4', 'not pinned'),
        (' # v4.2.2', '', 'not pinned'),
        ('  contents: read', '  contents: write', 'must read'),
        ('concurrency: one\n', '', 'no concurrency'),
        ('on: push', 'on: [pull_request_target]', 'a stranger'),
        ('    timeout-minutes: 5\n', '', 'no timeout'),
        (' # To push.', '', 'nothing says why it writes contents'),
        ('run: echo', 'run: echo ${{ inputs.x }}', 'an expression in a'),
        ('run: echo', 'run: echo $secrets.X', 'a secret'),
        ('run: echo', 'run: tools/nox -s tests', 'what may write runs'),
        ('persist-credentials: false', 'path: x', 'leaves its token'),
        (f'VERSION: {bootstrap.BAZEL}', 'VERSION: 8', 'runs Bazel, and not'),
    ):
      self.assertIn(before, _GOOD)
      text = _GOOD.replace(before, after)
      found = list(workflows.problems(text, {'tests'}))
      self.assertNotEmpty(found, after)
      self.assertRegex('; '.join(found), message)


if __name__ == '__main__':
  absltest.main()
