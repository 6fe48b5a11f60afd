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

"""Tests of the reading of BUILD files."""

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.sync.impact import build_files
from tools.sync.impact import fixture

_BUILD = """\
load("//tools/bazel:convergence.bzl", "convergence_test")

MODELS = ["resnet", "mobilenet"]

ROWS = {"sparsity50": 50, "none": 0}

py_library(
    name = "experiments",
    srcs = ["__init__.py"] + ["experiments.py"],
    deps = select({"//x": []}),
)

py_library(
    name = "all_of_it",
    srcs = glob(["*.py"], exclude = ["*_test.py"]),
)

[
    convergence_test(
        name = "%s_%s" % (model, row),
        baseline = "//tfmot_contrib/baselines:" + model,
        experiment = "{}_pruning".format(model),
        config = "configs/%s.yaml" % row,
    )
    for model in MODELS
    for row, percent in ROWS.items()
    if row != "none"
]

py_test(name = "of_another", srcs = ["//tfmot_contrib/run:run.py"])
"""


class ParseTest(fixture.TreeTestCase):

  def read(self, text, **others):
    files = {f'tfmot_contrib/pruning/{k}': v for k, v in others.items()}
    root = self.tree({'tfmot_contrib/pruning/BUILD': text} | files)
    return build_files.read(root, ['tfmot_contrib'])

  def test_comprehension(self):
    tests = [r for r in self.read(_BUILD) if r.kind == 'convergence_test']
    self.assertEqual(
        [rule.label for rule in tests],
        [
            '//tfmot_contrib/pruning:resnet_sparsity50',
            '//tfmot_contrib/pruning:mobilenet_sparsity50',
        ],
    )
    self.assertEqual(
        tests[1].attributes,
        {
            'name': 'mobilenet_sparsity50',
            'baseline': '//tfmot_contrib/baselines:mobilenet',
            'experiment': 'mobilenet_pruning',
            'config': 'configs/sparsity50.yaml',
        },
    )

  def test_what_is_not_known_is_left_out(self):
    rule = self.read(_BUILD)[1]
    self.assertEqual(rule.label, '//tfmot_contrib/pruning:experiments')
    self.assertEqual(rule.attributes['srcs'], ['__init__.py', 'experiments.py'])
    self.assertNotIn('deps', rule.attributes)

  @parameterized.parameters(
      'convergence_test(name = select({}))',
      '[convergence_test(name = n) for n in names()]',
      '[convergence_test(name = n) for n in glob(1)]',
  )
  def test_name_that_is_not_known_stands_for_the_package(self, text):
    [rule] = self.read(text)
    self.assertEqual(rule.label, '//tfmot_contrib/pruning:all')

  def test_glob(self):
    sources = self.read(_BUILD, **{'a.py': '', 'a_test.py': ''})[2]
    self.assertEqual(sources.attributes['srcs'], ['__init__.py', 'a.py'])

  def test_broken_file_is_one_line(self):
    with self.assertRaisesRegex(errors.InputError, 'pruning/BUILD cannot be'):
      self.read('py_library(')


class OwnersTest(fixture.TreeTestCase):

  def test_owner(self):
    rules = [
        build_files.Rule('a', 'filegroup', 1, {'name': 'f', 'srcs': ['x.py']}),
        build_files.Rule(
            'b', 'py_test', 1, {'name': 't', 'srcs': ['//a:x.py']}
        ),
        build_files.Rule('a', 'py_library', 1, {'name': 'l', 'srcs': ['x.py']}),
        build_files.Rule(
            'b', 'py_test', 1, {'name': 'o', 'srcs': ['//a:y.py']}
        ),
        build_files.Rule('b', 'py_test', 1, {'name': 'z', 'srcs': 'unknown'}),
    ]
    owners = build_files.owners(rules)
    # The file's own package and Python come first.
    self.assertEqual(owners, {'a/x.py': '//a:l', 'a/y.py': '//b:o'})

  @parameterized.parameters(
      (':x', '//a/b:x'),
      ('x.py', '//a/b:x.py'),
      ('//c/d', '//c/d:d'),
      ('//c/d:e', '//c/d:e'),
      ('@official_models', '@official_models'),
  )
  def test_absolute(self, label, expected):
    self.assertEqual(build_files.absolute('a/b', label), expected)


if __name__ == '__main__':
  absltest.main()
