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

"""Tests what is run again and what is not, with checks that count."""

import dataclasses
import pathlib

from absl.testing import absltest

from tools.lint import cache
from tools.lint import external
from tools.lint import registry
from tools.lint import runner
from tools.lint import tree


class RunnerTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    self.results = pathlib.Path(self.create_tempdir().full_path) / 'r.json'
    self.calls = []
    self.tool = external.Tool('t', self.check, ('**/*.py',), 't')
    self.write('a.py', 'import b\n')
    self.write('b.py', 'x = 1\n')

  def write(self, path, text):
    """Writes a file of the project."""
    (self.root / path).write_text(text, encoding='utf-8')

  def check(self, root, files, fix):
    """Stands for a tool: finds something in each file."""
    self.assertFalse(fix)
    self.calls += files
    return [tree.Finding(f, 1, 't', (root / f).read_text()) for f in files]

  def run_tool(self, **fields):
    """Returns the files that the tool was run on, and the findings' paths."""
    self.calls = []
    paths = [path.name for path in sorted(self.root.iterdir())]
    project = tree.Project(self.root, paths)
    choice = runner.Choice({}, {'t': dataclasses.replace(self.tool, **fields)})
    found = runner.Runner(project, cache.Cache(self.results)).run(choice)
    return sorted(self.calls), [f.path for f in found]

  def test_only_what_changed_is_run_again(self):
    both = ['a.py', 'b.py']
    self.assertEqual(self.run_tool(), (both, both))
    self.assertEqual(self.run_tool(), ([], both))
    self.write('b.py', 'x = 2\n')
    self.assertEqual(self.run_tool(), (['b.py'], both))

  def test_what_it_imports_counts_where_that_matters(self):
    self.run_tool(imports=True)
    self.write('b.py', 'x = 2\n')
    self.assertEqual(self.run_tool(imports=True)[0], ['a.py', 'b.py'])
    self.write('a.py', 'import b  # Same.\n')
    self.assertEqual(self.run_tool(imports=True)[0], ['a.py'])

  def test_all_files_together(self):
    self.run_tool(together=True)
    self.assertEqual(self.run_tool(together=True)[0], [])
    self.write('b.py', 'x = 2\n')
    self.assertEqual(self.run_tool(together=True)[0], ['a.py', 'b.py'])

  def test_a_schema_or_a_setting_that_changes_counts(self):
    self.write('s.json', '{}')
    self.run_tool(also=('s.json',))
    self.write('s.json', '{ }')
    self.assertEqual(self.run_tool(also=('s.json',))[0], ['a.py', 'b.py'])
    self.write('pyproject.toml', '[tool.t]\nx = 1\n')
    self.assertEqual(self.run_tool(also=('s.json',))[0], ['a.py', 'b.py'])

  def test_a_project_rule_runs_again_when_what_it_reads_changes(self):
    seen = []

    def check(project):
      seen.append(sorted(project.files))
      yield 'a.py', 1, 'message'

    rule = dataclasses.replace(
        registry.load()['no-binary'], on=('b.py',), check=check
    )
    check.__module__ = registry.load()['no-binary'].check.__module__
    choice = runner.Choice({'no-binary': rule}, {})
    for text, count in (('x = 1\n', 1), ('x = 1\n', 1), ('x = 3\n', 2)):
      self.write('b.py', text)
      project = tree.Project(self.root, ['a.py', 'b.py'])
      found = runner.Runner(project, cache.Cache(self.results)).run(choice)
      self.assertLen(found, 1)
      self.assertLen(seen, count)

  def test_findings_elsewhere_are_not_shown_for_paths(self):
    project = tree.Project(self.root, ['a.py', 'b.py'])
    tools = {'t': dataclasses.replace(self.tool, together=True)}
    run = runner.Runner(project, cache.Cache(self.results)).run
    for only, count in ((True, 1), (False, 2)):
      choice = runner.Choice({}, tools, ['b.py'], only)
      self.assertLen(run(choice), count)


if __name__ == '__main__':
  absltest.main()
