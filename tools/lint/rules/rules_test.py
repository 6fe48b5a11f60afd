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

"""Tests every rule on its bad and on its good examples, and some on more.

The rules that start a process with TensorFlow or plots are tested in
`tools/lint/workers_test.py`.
"""

import pathlib
from typing import Mapping

from absl.testing import absltest
from absl.testing import parameterized

from tools.lint import registry
from tools.lint import tree
from tools.lint.rules import configs
from tools.lint.rules import dependencies
from tools.lint.rules import exceptions
from tools.lint.rules import headers
from tools.lint.rules import import_lines
from tools.lint.rules import keras
from tools.lint.rules import links
from tools.lint.rules import owners
from tools.lint.rules import readme
from tools.lint.rules import registered
from tools.lint.rules import repository
from tools.lint.rules import shell
from tools.lint.rules import techniques
from tools.lint.rules import tests
from tools.lint.rules import text as texts
from tools.lint.rules import training

_MODULES = (
    configs,
    dependencies,
    exceptions,
    headers,
    import_lines,
    keras,
    links,
    owners,
    readme,
    registered,
    repository,
    shell,
    techniques,
    tests,
    texts,
    training,
)
_FAST = [name for name, rule in registry.load().items() if not rule.slow]


class RulesTest(parameterized.TestCase):

  def find(
      self, name: str, files: Mapping[str, str]
  ) -> list[tuple[str, int, str]]:
    """Returns path, line and message of what a rule finds in some files."""
    root = pathlib.Path(self.create_tempdir().full_path)
    for path, text in files.items():
      (root / path).parent.mkdir(parents=True, exist_ok=True)
      (root / path).write_text(text, encoding='utf-8')
    project = tree.Project(root, sorted(files))
    rule = registry.RULES[name]
    if rule.project:
      findings = rule.find(project)
    else:
      here = registry.files_of(rule, project)
      findings = [f for file in here for f in rule.find(file)]
    return [(f.path, f.line, f.message) for f in findings]

  @parameterized.parameters(*_FAST)
  def test_bad_examples_are_found(self, name):
    for number, example in enumerate(registry.RULES[name].bad):
      found = self.find(name, example)
      self.assertNotEmpty(found, f'bad example {number}')
      for path, line, _ in found:
        self.assertGreaterEqual(line, 1)
        self.assertIn(path, [*example, '.github/CODEOWNERS'])

  @parameterized.parameters(*_FAST)
  def test_good_examples_are_not(self, name):
    for number, example in enumerate(registry.RULES[name].good):
      self.assertEmpty(self.find(name, example), f'good example {number}')

  def test_every_module_has_a_rule(self):
    used = {rule.check.__module__ for rule in registry.RULES.values()}
    self.assertEqual(used, {module.__name__ for module in _MODULES})

  @parameterized.parameters(
      ('license-header', 'a.py', 'x = 1\n', 1),
      ('whitespace', 'a.md', 'One\ntwo \n', 2),
      ('whitespace', 'a.yaml', 'a:\n\tb: 1\n', 2),
      ('file-length', 'a.py', 'x = 1\n' * 500, 500),
      ('private-name', 'a.md', '\n/home' + '/someone/x\n', 2),
      ('import-order', 'a.py', 'import os\nimport ast\n', 2),
      ('test-main', 'a_test.py', 'x = 1\ny = 2\n', 2),
      ('link-resolves', 'README.md', '# A\n\n[b](b.md)\n', 3),
      ('no-compat-v1', 'tools/a.py', '\n\ntf.compat.v1.Session()\n', 3),
  )
  def test_line(self, name, path, text, line):
    self.assertEqual([f[1] for f in self.find(name, {path: text})], [line])

  def test_header_of_upstream_and_of_another_year_is_one(self):
    for header in (
        headers.example('').replace('TFMOT Models', 'TensorFlow'),
        headers.example('', year=2021),
    ):
      self.assertEmpty(self.find('license-header', {'a.py': header}))

  def test_fix_puts_the_header_below_the_first_line(self):
    fixed = headers.add_header('#!/bin/sh\ntrue\n')
    self.assertStartsWith(fixed, '#!/bin/sh\n# Copyright')
    self.assertEqual(headers.add_header(fixed), fixed)
    other = '# Copyright 2024 Somebody Else.\n'
    self.assertEqual(headers.add_header(other), other)

  def test_fixes_mend_their_bad_examples(self):
    for rule in registry.RULES.values():
      if not rule.fix:
        continue
      mended = 0
      for example in rule.bad:
        fixed = {path: rule.fix(text) for path, text in example.items()}
        mended += not self.find(rule.id, fixed)
      self.assertGreater(mended, 1, rule.id)

  def test_anchors_are_those_of_github(self):
    self.assertEqual(
        links.anchors('# A `b` (c)!\n## Two d\n## Two d\n```\n# no\n```'),
        {'a-b-c', 'two-d', 'two-d-1'},
    )

  def test_a_test_that_inherits_its_methods_is_one(self):
    text = headers.example(
        'from a import base\n\n\nclass BTest(base.SharedTest):\n  pass\n'
    )
    self.assertEmpty(self.find('test-runs-something', {'b_test.py': text}))

  def test_long_means_more_than_ten_lines(self):
    for count, found in ((9, 0), (10, 1)):
      text = 'def f():\n' + '  print(1)\n' * count
      result = self.find('long-definition', {'tools/a.py': text})
      self.assertLen(result, found)

  def test_seeds_and_actions_of_a_test_are_targets(self):
    files = {
        'tools/BUILD': 'convergence_test(name = "t")\n',
        'a.md': (
            '```shell\nbazel build //tools:t_seed2_run //tools:t_smoke'
            ' //tools/... //tools:all\n```\n'
        ),
    }
    self.assertEmpty(self.find('readme-shell', files))

  def test_a_command_is_found_in_the_line_where_it_begins(self):
    block = 'a\n\nb \\\n  c\nd && e # f\n'
    self.assertEqual(
        list(shell.commands(block)),
        [(0, ['a']), (2, ['b', 'c']), (4, ['d']), (4, ['e'])],
    )

  def test_configs_and_their_experiments(self):
    root = pathlib.Path(self.create_tempdir().full_path)
    files = {
        'tfmot_contrib/a/BUILD': (
            '[convergence_test(name = m + "_x", config = "configs/x.yaml",'
            ' experiment = m + "_a") for m in ("r", "v")]\n'
        ),
        'tfmot_contrib/a/configs/x.yaml': 'task: {}\n',
        'tfmot_contrib/a/configs/smoke.yaml': 'task: {}\n',
    }
    for path, text in files.items():
      (root / path).parent.mkdir(parents=True, exist_ok=True)
      (root / path).write_text(text, encoding='utf-8')
    self.assertEqual(
        configs.pairs(tree.Project(root, sorted(files))),
        {
            'tfmot_contrib/a/configs/smoke.yaml': ['r_a', 'v_a'],
            'tfmot_contrib/a/configs/x.yaml': ['r_a', 'v_a'],
        },
    )


if __name__ == '__main__':
  absltest.main()
