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

"""Tests the process that loads experiments and configs."""

import pathlib
import sys

from absl.testing import absltest

from tfmot_contrib import errors
from tools.env import bootstrap
from tools.lint import checks
from tools.lint import tree
from tools.lint.rules import techniques

_A = 'tfmot_contrib/a/'
_BUILD = """\
convergence_test(
    name = "t",
    config = "configs/a.yaml",
    experiment = "planted",
)
"""
_REGISTERS = """\
from official.core import config_definitions as cfg
from official.core import exp_factory
from official.core import task_factory


@exp_factory.register_config_factory('{}')
def one() -> cfg.ExperimentConfig:
  return cfg.ExperimentConfig()


def lone() -> cfg.ExperimentConfig:
  return cfg.ExperimentConfig()


def _helps() -> cfg.ExperimentConfig:
  return cfg.ExperimentConfig()


@task_factory.register_task_cls(dict)
class Task(dict):
  pass
"""


class ExperimentsTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.assertNotEmpty(vars(techniques))
    self.checks = {check.name.split()[0]: check for check in checks.RULES}
    # The process sees what this one sees, also in Bazel's sandbox.
    self.enter_context(
        absltest.mock.patch.dict('os.environ', PYTHONPATH=':'.join(sys.path))
    )

  def find(self, rule, files):
    """Returns what a rule finds in a project of some files."""
    root = pathlib.Path(self.create_tempdir().full_path)
    for path, text in files.items():
      (root / path).parent.mkdir(parents=True, exist_ok=True)
      (root / path).write_text(text, encoding='utf-8')
    check = self.checks[rule]
    found = check.run(tree.Project(root, sorted(files)), check.of(files))
    return sorted({(f.path, f.line, f.rule) for f in found})

  def test_process(self):
    files = {
        'tfmot_contrib/__init__.py': '',
        'tfmot_contrib/techniques.bzl': 'TECHNIQUES = []\n',
        'tfmot_contrib/registry_imports.py': (
            'from tfmot_contrib.a import one\nfrom tfmot_contrib.a import two\n'
        ),
        'tfmot_contrib/experiment.py': (
            'from official.core import train_utils\n\n\n'
            'def parse(options):\n  train_utils.parse_configuration(options)\n'
        ),
        f'{_A}one.py': _REGISTERS.format('planted'),
        f'{_A}two.py': _REGISTERS.format('planted'),
        f'{_A}far.py': (
            'from official.core import exp_factory\n\n\n'
            "@exp_factory.register_config_factory('far')\ndef far():\n  pass\n"
        ),
        f'{_A}BUILD': _BUILD,
        f'{_A}configs/a.yaml': 'trainer:\n  train_stepz: 3\n',
        f'{_A}configs/smoke.yaml': 'trainer:\n  train_steps: 3\n',
        'tfmot_contrib/lone/configs/b.yaml': 'task: {}\n',
    }
    for name in ('errors', 'surroundings', 'techniques'):
      path = f'tfmot_contrib/{name}.py'
      files[path] = (bootstrap.ROOT / path).read_text('utf-8')
    self.assertEqual(
        self.find('config-loads', files),
        [
            (f'{_A}configs/a.yaml', 2, 'config-loads'),
            (f'{_A}far.py', 1, 'registry-reachable'),
            (f'{_A}one.py', 11, 'registered-config'),
            (f'{_A}one.py', 19, 'task-base'),
            (f'{_A}two.py', 1, 'registry-reachable'),
            (f'{_A}two.py', 6, 'unique-experiment'),
            ('tfmot_contrib/lone/configs/b.yaml', 1, 'config-loads'),
        ],
    )

  def test_a_process_that_fails(self):
    with absltest.mock.patch.object(sys, 'executable', '/bin/false'):
      with self.assertRaisesRegex(errors.InputError, 'loading the experiments'):
        self.find('config-loads', {f'{_A}a.py': ''})


if __name__ == '__main__':
  absltest.main()
