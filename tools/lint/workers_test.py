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

"""Tests the rules that start a process: configs and evidence."""

import contextlib
import io
import json
import pathlib
import sys
from unittest import mock

from absl.testing import absltest

from tfmot_contrib import errors
from tools.lint import configs_worker
from tools.lint import evidence_worker
from tools.lint import registry
from tools.lint import tree
from tools.lint.rules import configs


def _project(root, files):
  """Returns a project of some files."""
  for path, text in files.items():
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding='utf-8')
  return tree.Project(root, sorted(files))


class WorkersTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    registry.load()
    # The process sees what this one sees, also in Bazel's sandbox.
    path = mock.patch.dict('os.environ', PYTHONPATH=':'.join(sys.path))
    self.enterContext(path)

  def new_root(self):
    """Returns a new folder."""
    return pathlib.Path(self.create_tempdir().full_path)

  def test_configs(self):
    rule = registry.RULES['config-loads']
    for number, example in enumerate([*rule.bad, *rule.good]):
      found = rule.find(_project(self.new_root(), example))
      self.assertEqual(bool(found), number < len(rule.bad), found)
      for finding in found:
        self.assertIn(finding.path, example)

  def test_a_wrong_key_is_found_in_its_line(self):
    rule = registry.RULES['config-loads']
    (finding,) = rule.find(_project(self.new_root(), rule.bad[0]))
    self.assertEqual(finding.line, 3)
    self.assertIn('sparsety', finding.message)

  def test_a_process_that_fails_is_an_error(self):
    project = _project(self.new_root(), {'a.md': ''})
    with mock.patch.object(sys, 'executable', '/bin/false'):
      with self.assertRaisesRegex(errors.InputError, 'loading the configs'):
        configs.ask(project, {'a.yaml': ['a']})

  def test_the_answer_is_the_last_line(self):
    root = self.new_root()
    (root / 'a.yaml').write_text('trainer:\n  train_steps: 3\n')
    request = {'root': str(root), 'configs': {'a.yaml': ['resnet_cifar10']}}
    out = io.StringIO()
    with mock.patch.object(sys, 'stdin', io.StringIO(json.dumps(request))):
      with contextlib.redirect_stdout(out):
        configs_worker.main()
    self.assertEqual(json.loads(out.getvalue().splitlines()[-1]), {})

  def test_evidence(self):
    rule = registry.RULES['results-evidence']
    for number, example in enumerate([*rule.bad, *rule.good]):
      found = rule.find(_project(self.new_root(), example))
      self.assertEqual(bool(found), number < len(rule.bad), found)

  def test_the_first_difference_is_told(self):
    root = self.new_root()
    (root / 'a.md').write_text('one\ntwo\nthree\n')
    made = {root / 'a.md': 'one\n2\n3\n', root / 'b.svg': '<svg/>'}
    with mock.patch.object(
        evidence_worker.documents, 'documents', return_value=made
    ):
      self.assertEqual(
          evidence_worker.differences(root), [('a.md', 2), ('b.svg', 1)]
      )


if __name__ == '__main__':
  absltest.main()
