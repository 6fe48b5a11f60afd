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

"""Tests rules on small projects; lint_check tests all of them on the real one.

Those that need TensorFlow or a wheel are in `tools/lint/experiments_test.py`.
"""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tools.base import git
from tools.lint import checks
from tools.lint import external
from tools.lint import headers
from tools.lint import lint
from tools.lint import tree
from tools.lint.rules import documents
from tools.lint.rules import source
from tools.lint.rules import techniques

_CHECKS = [*checks.RULES, *external.tools()]
_FUNCTION = 'def f():\n  return 1\n'
_CASE = 'class ATest(absltest.TestCase):\n\n  def {}(self):\n    pass\n'
_LIBRARY = 'py_library(name = "{0}", srcs = ["{0}.py"], deps = [{1}])\n'
_NOX = {
    'noxfile.py': (
        '@nox.session(name="go-on")\ndef go(session):\n'
        "  python(session, 'tools.run')\n\n\n"
        "@nox.session\ndef bare(session):\n  session.run('ls')\n"
    ),
    'tools/run.py': "import argparse\n\nparser.add_argument('--size')\n",
}
_GO = {
    'tools/BUILD': 'py_binary(name = "go", srcs = ["go.py"])\n',
    'tools/go.py': "X = flags.DEFINE_string('size', '', '')\n",
}
_SHELL = '```shell\n{}\n```\n'
_A = 'tfmot_contrib/a/'
_WHOLE = {
    f'{_A}technique.yaml': (
        'name: a\nfloor: 0.8.0\nowners: ["@x/y", "@z"]\nclaims:\n  m_one: []\n'
    ),
    f'{_A}README.md': (
        '# A\n\n[one](configs/one.yaml)\n'
        + ''.join(f'\n## {title}\n\nText.\n' for title in techniques.SECTIONS)
        .replace(
            '## Requirements\n\nText.',
            '## Requirements\n\nTFMOT 0.8.0 or later, `tools/env/locks/`.',
        )
        .replace('## Maintainers\n\nText.', '## Maintainers\n\n@x/y, @z')
    ),
    f'{_A}BUILD': (
        'convergence_test(name = "m_one", config = "configs/one.yaml")\n'
    ),
    f'{_A}__init__.py': '',
    f'{_A}experiments.py': '"""Registers."""\n',
    f'{_A}configs/one.yaml': 'task: {}\n',
    f'{_A}configs/smoke.yaml': 'task: {}\n',
    '.github/CODEOWNERS': '* @z\n/tfmot_contrib/a/ @x/y @z\n',
    'tfmot_contrib/techniques.bzl': 'TECHNIQUES = ["a"]\n',
    f'{_A}evidence/m_one.json': '{}\n',
}


class RulesTest(parameterized.TestCase):

  def find(self, rule, files):
    """Returns the places of what a rule finds in a project of some files."""
    root = pathlib.Path(self.create_tempdir().full_path)
    for path, text in files.items():
      (root / path).parent.mkdir(parents=True, exist_ok=True)
      (root / path).write_text(text, encoding='utf-8')
    git.run(root, 'init', '-q', what='making a repository')
    project = tree.Project(root, sorted(files))
    named = [check for check in _CHECKS if check.name.split()[0] == rule]
    findings = []
    for check in named:
      if chosen := check.of(sorted(files)):
        findings += check.run(project, chosen)
    self.assertNotEmpty(named)
    self.assertEqual({f.rule for f in findings} - {rule}, set())
    return sorted((f.path, f.line) for f in findings)

  @parameterized.parameters(
      ('license-header', 'a.bzl', '"""Rules."""\n', [1]),
      ('license-header', 'a.sh', '#!/bin/sh\ntrue\n', [1]),
      ('license-header', 'a.sh', headers.with_header('#!/bin/sh\n'), []),
      ('license-header', 'a.md', '# Title\n', []),
      ('import-order', 'a.py', 'import os\nimport ast\n', [2]),
      ('import-order', 'a.py', 'import numpy\n\nimport os\n', [3]),
      ('import-order', 'a.py', 'import os\nimport numpy\n', [2]),
      ('import-order', 'a.py', 'import os\n\nfrom a import b\n', []),
      ('import-order', 'a.py', 'def broken(:\n', []),
      ('legacy-keras', 'tools/a.py', 'import tf_keras, tensorflow\n', [1]),
      ('legacy-keras', 'tools/a.py', 'import tensorflow, tf_keras\n', []),
      ('legacy-keras', 'tools/a.py', 'import tf_keras\n', []),
      ('gradient-tape', f'{_A}a.py', 'X = tf.GradientTape()\n', [1]),
      ('gradient-tape', f'{_A}a_test.py', 'X = tf.GradientTape()\n', []),
      (
          'gradient-tape',
          f'{_A}a.py',
          'def train_step():\n  X = tf.GradientTape()\n',
          [],
      ),
      ('test-main', 'a_test.py', 'absltest.main\n', [1]),
      ('test-main', 'a_test.py', 'if x:\n  absltest.main()\n', []),
      ('test-runs-something', 'a_test.py', _CASE.format('check'), [1]),
      ('test-runs-something', 'a_test.py', _CASE.format('test'), []),
      (
          'test-runs-something',
          'a_test.py',
          _CASE.format('test').replace('(absltest.TestCase)', ''),
          [1],
      ),
      (
          'test-runs-something',
          'a_test.py',
          'class ATest(other.BaseTest):\n  X = 1\n',
          [],
      ),
      ('whitespace', 'a.md', 'One\ntwo \n', [2]),
      ('whitespace', 'a.yaml', 'a:\n\tb: 1\n', [2]),
      ('whitespace', 'a.toml', 'a = 1\nb = 2', [1]),
      ('whitespace', 'a.md', 'One\n\n', [1]),
      ('whitespace', 'a.md', '', []),
      ('whitespace', 'a.patch', 'a \n', []),
      ('private-name', 'a.md', 'See\npy' + 'pi.org\n', [2]),
      ('private-name', 'a.md', '/home' + '/someone/x\n', [1]),
      ('private-name', 'a.md', '/tmp/x ~/x https://a.org/home/b/c\n', []),
      ('no-binary', 'a.npy', 'NUMPY', [1]),
      ('no-binary', 'a.txt', 'a\0b\n', [1]),
      ('no-binary', 'a.txt', 'x' * (1 << 20 | 1), [1]),
      ('no-binary', 'a.svg', '<svg/>\n', []),
      ('one-git', 'tools/a.py', "run(['git', 'x'])\nX = ['git']\n", [1, 2]),
      ('one-git', 'tools/a.py', "X = ['hg', 'git']\n", []),
      ('one-git', 'tools/a_test.py', "X = ['git', 'x']\n", []),
      ('ignore-reason', 'a.py', 'X = 1\n# lint: ' + 'ignore[x]\n', [2]),
      ('ignore-reason', 'a.py', '# lint: ' + 'ignore[x] Why.\n', []),
      ('trivial-task', f'{_A}a.yaml', 'name: mnist # x\n', [1]),
      ('trivial-task', f'{_A}a.yaml', 'name: x # mnist\n', []),
      ('trivial-task', f'{_A}a.py', "\nX = 'fashion_mnist'\n", [2]),
      ('trivial-task', f'{_A}a.py', 'X = datasets.mnist.load()\n', [1]),
      (
          'trivial-task',
          f'{_A}a.py',
          '"""MNIST."""\n\n\ndef f():\n  """MNIST."""  # MNIST\n',
          [],
      ),
      ('link-resolves', 'a.md', '[a](b.md)\n', [1]),
      ('link-resolves', 'a.md', '# A b\n\n[a](#a-b) [b](#b)\n', [3]),
      ('link-resolves', 'a.md', '\n[b]: docs/gone.md\n', [2]),
      ('link-resolves', 'a/b.md', '[a](../a), [b](..) [c](https://x)\n', []),
      ('link-resolves', 'a.md', '```\n[no](b)\n```\n`[no](b)`\n', []),
  )
  def test_one_file(self, rule, path, text, lines):
    found = self.find(rule, {path: text})
    self.assertEqual(found, [(path, line) for line in lines])

  def test_headings_of_one_name(self):
    names = documents.anchors('# A\n\n## A\n\n```\n# B\n```\n<a id="c">\n')
    self.assertEqual(names, {'a', 'a-1', 'c'})

  @parameterized.parameters(
      ({'tools/a.py': _FUNCTION}, ['tools/a.py']),
      ({'tools/a.py': 'X = 1\n'}, []),
      ({'tools/a.py': _FUNCTION, 'tools/a_test.py': ''}, []),
      (
          {
              'tools/p/__init__.py': '',
              'tools/p/a.py': _FUNCTION,
              'tools/p/b.py': 'from tools.p import a\n',
              'tools/p/c_test.py': 'from tools.p import b\n',
          },
          [],
      ),
      (
          {
              'tools/p/a.py': _FUNCTION,
              'tools/q/c_test.py': 'from tools.p import a\n',
          },
          ['tools/p/a.py'],
      ),
  )
  def test_sibling_test(self, files, places):
    found = self.find('sibling-test', files)
    self.assertEqual([path for path, _ in found], places)

  @parameterized.parameters(
      ('', '', [('tools/p/a.py', 1), ('tools/p/b.py', 1)]),
      ('x', '', [('tools/p/a.py', 2)]),
      ('x', '":b"', []),
      ('x', '"//tools/p:b"', []),
  )
  def test_build_deps(self, have, deps, found):
    both = _LIBRARY.format('a', deps) + _LIBRARY.format('b', '')
    files = {
        'tools/p/a.py': '"""A."""\nfrom tools.p import b\n',
        'tools/p/b.py': '',
        'tools/p/BUILD': both if have else '',
    }
    self.assertEqual(self.find('build-deps', files), found)

  @parameterized.parameters(
      (_GO, 'bazel run //tools:go -- --size=3', 0),
      (_GO, 'bazel run //tools:go -- --sise=3', 1),
      (_GO, 'bazel test //tools:gone', 1),
      (_GO, 'bazel test //tools/... //tools:all @other//:x', 0),
      (_GO, 'bazel test //gone/...', 1),
      (_GO, 'bazel test //tools:go --kep_going', 1),
      (_NOX, 'X=1 tools/nox -s go -- --size 3', 0),
      (_NOX, 'tools/nox -s go-on -- --sise 3', 1),
      (_NOX, 'tools/nox -s bare -- --size=3', 0),
      (_NOX, 'tools/nox -s gone', 1),
      ({}, 'echo "a', 1),
  )
  def test_readme_shell(self, files, command, count):
    document = {'docs/a.md': '\n' + _SHELL.format(command)}
    found = self.find('readme-shell', {**files, **document})
    self.assertEqual(found, [('docs/a.md', 3)] * count)

  def test_what_is_no_shell_block(self):
    self.assertEqual(self.find('readme-shell', {'a.md': '```\n"\n```\n'}), [])

  @parameterized.parameters(
      ('technique-folder', 'README.md', None, 'technique.yaml'),
      ('technique-folder', 'technique.yaml', None, 'configs/one.yaml'),
      ('technique-folder', 'configs/one.yaml', None, 'BUILD'),
      ('technique-folder', 'configs/two.yaml', 'x: 1\n', 'configs/two.yaml'),
      ('technique-folder', 'technique.yaml', ('name: a', 'name: b'), ''),
      ('technique-folder', 'technique.yaml', ('m_one', 'm_two'), ''),
      ('technique-folder', 'BUILD', ('m_one', 'm_two'), 'technique.yaml'),
      ('technique-folder', 'README.md', ('one.yaml', 'x'), ''),
      ('readme-sections', 'README.md', ('## Citation', '## Cited'), ''),
      ('readme-sections', 'README.md', ('## Description', '## License'), ''),
      ('readme-environment', 'README.md', ('TFMOT 0.8.0', 'TFMOT 0.7.0'), ''),
      ('readme-environment', 'README.md', ('TFMOT', 'it'), ''),
      ('readme-environment', 'README.md', ('/locks/', ''), ''),
      ('maintainers', 'README.md', ('@z', '@w'), ''),
      ('maintainers', 'README.md', ('@z', ''), ''),
      ('codeowners', 'technique.yaml', ('@z', '@w'), '/.github/CODEOWNERS'),
  )
  def test_technique(self, rule, path, change, place):
    self.assertEqual(self.find(rule, _WHOLE), [])
    files = dict(_WHOLE)
    text = files.pop(_A + path, '')
    if change:
      new = change if isinstance(change, str) else text.replace(*change)
      files[_A + path] = new
    place = place[1:] if place.startswith('/') else _A + (place or path)
    self.assertIn(place, [path for path, _ in self.find(rule, files)])

  def test_owners_of_no_technique(self):
    files = dict(_WHOLE)
    files['.github/CODEOWNERS'] += '/tfmot_contrib/b/ @z\n'
    self.assertEqual(
        self.find('codeowners', files), [('.github/CODEOWNERS', 3)]
    )

  @parameterized.parameters(
      ('*.py eol=lf\n', ['.gitattributes', 'a.md']),
      ('* text=auto eol=lf\n*.md !eol\n', ['a.md']),
      ('* text=auto eol=lf\n*.md -text\n', []),
  )
  def test_line_endings(self, attributes, places):
    files = {'.gitattributes': attributes, 'a.md': 'x\n', 'a.py': ''}
    found = self.find('line-endings', files)
    self.assertEqual([path for path, _ in found], places)

  @parameterized.parameters(
      ('', []),
      ('error: tfmot_contrib/a/README.md differs', [f'{_A}README.md']),
      ('error: what is this of docs/a.svg?', ['docs/a.svg']),
  )
  def test_results_evidence(self, said, places):
    program = f'import sys\nsys.exit({said!r})\n' if said else ''
    fake = {
        'tools/__init__.py': '',
        'tools/evidence/__init__.py': '',
        'tools/evidence/documents.py': program,
    }
    found = self.find('results-evidence', {**_WHOLE, **fake})
    self.assertEqual([path for path, _ in found], places)

  def test_fixes(self):
    root = pathlib.Path(self.create_tempdir().full_path)
    (root / 'a.md').write_text('\ta \n\n')
    (root / 'b.md').write_text('a\n\nb')
    for check in external.tools():
      if check.name.startswith('whitespace'):
        check.fix(root, ['a.md', 'b.md'])
    self.assertEqual((root / 'a.md').read_text(), '  a\n')
    self.assertEqual((root / 'b.md').read_text(), 'a\n\nb\n')

  def test_rules_and_documents_are_one_to_one(self):
    names = {name for check in checks.RULES for name in check.name.split()}
    described = set(lint.described()['rules'])
    self.assertEqual(names - described, set())
    commands = {check.name.split()[0] for check in external.tools()}
    self.assertEqual(described - names - commands, set())
    for module in (documents, source, techniques):
      for name in vars(module):
        rule = name.removeprefix('check_').replace('_', '-')
        if name.startswith('check_') and rule != 'experiments':
          self.assertIn(rule, names)

  @parameterized.parameters(*lint.described()['rules'].values())
  def test_documents_are_complete(self, why, source, bad, good):
    self.assertRegex(why, r'\A[^\n]+\.\n\n[^\n]+')
    self.assertNotEmpty(source)
    self.assertGreaterEqual(len(bad), 2)
    self.assertNotEmpty(good)


if __name__ == '__main__':
  absltest.main()
