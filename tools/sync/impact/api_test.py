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

"""Tests of the API impact: what is told of a change, and where."""

from absl.testing import absltest
from absl.testing import parameterized

from tools.sync.impact import api
from tools.sync.impact import fixture


class ImpactTest(fixture.ImpactTestCase):

  def test_symbol_behind_a_re_export(self):
    body = fixture.MIRROR[fixture.TASK]
    moved = {
        'official/core/moved.py': body,
        fixture.TASK: 'from official.core.moved import *\n',
        'official/core/limits.py': 'from official.core.other import *\n',
        'official/core/other.py': fixture.MIRROR['official/core/limits.py'],
    }
    self.assertEqual(self.impact(moved), [])
    # What has a name that a star does not bring is gone.
    old = {
        fixture.CONFIG: (
            fixture.MIRROR[fixture.CONFIG].replace('DEPTHS', '_DEPTHS')
        )
    }
    new = {
        'official/core/other.py': old[fixture.CONFIG],
        fixture.CONFIG: 'from official.core.other import *\n',
    }
    ours = fixture.OURS['tfmot_contrib/x/ours.py'].replace(
        'g.DEPTHS', 'g._DEPTHS'
    )
    root = self.tree({'tfmot_contrib/x/ours.py': ours, 'tools/y/z.py': ''})
    mirrors = [self.tree(fixture.MIRROR, old), self.tree(fixture.MIRROR, new)]
    [change] = api.impact(*mirrors, root)
    self.assertEqual(change.symbol, 'official.core.config._DEPTHS')
    self.assertEqual(
        (change.kind, change.detail),
        ('removed', 'was a value; there is official.core.other._DEPTHS'),
    )
    self.assertEqual(change.sites[0].target, '')

  def test_module_removed_is_told_once(self):
    mirrors = [self.tree(fixture.MIRROR), self.tree(fixture.MIRROR)]
    (mirrors[1] / fixture.CONFIG).unlink()
    [change] = api.impact(*mirrors, self.tree(fixture.OURS))
    self.assertEqual(
        (change.symbol, change.kind), ('official.core.config', 'removed')
    )
    self.assertEqual(
        [(site.path, site.line) for site in change.sites],
        [
            ('tfmot_contrib/x/ours.py', 1),
            ('tfmot_contrib/x/ours.py', 12),
            ('tfmot_contrib/x/ours.py', 13),
            ('tfmot_contrib/x/ours.py', 15),
            ('tools/y/tool.py', 1),
        ],
    )

  def test_place_that_passes_the_parameter(self):
    [change] = self.change(fixture.TASK, "folder=''", "place=''")
    notes = {site.line: site.note for site in change.sites}
    self.assertEqual(notes, {2: 'imports', 14: 'passes folder'})

  @parameterized.named_parameters(
      ('renamed_and_passed_by_name', "folder=''", "place=''", True),
      ('renamed_but_not_passed', '**kwargs', '**others', False),
      ('removed_and_passed_by_place', 'name, *', '*', True),
      ('default_removed_but_passed', "folder=''", 'folder', False),
      (
          'added',
          "name, *, folder=''",
          "name, *, more, folder=''",
          True,
      ),
      ('kind_that_takes_more', "*, folder=''", "folder=''", False),
  )
  def test_breaks_only_what_it_touches(self, old, new, breaks):
    found = self.change(fixture.TASK, old, new)
    self.assertEqual([change.breaks for change in found], [breaks])

  @parameterized.named_parameters(
      ('order_by_name', 'task.Task(params=1, dir=2)', 'reordered', False),
      ('order_by_place', 'task.Task(1, 2)', 'reordered', True),
      ('order_of_what_comes_later', 'task.Task(1)', 'reordered', False),
      ('order_of_starred', 'task.Task(*names)', 'reordered', True),
      ('order_of_what_is_handed_on', 'call(task.Task)', 'reordered', True),
      ('order_of_what_is_annotated', 'x: task.Task = 1', 'reordered', False),
      ('name_by_mapping', "task.make('x', **names)", 'renamed', True),
      ('name_that_is_not_passed', "task.make('x')", 'renamed', False),
  )
  def test_breaks_by_how_it_is_called(self, call, kind, breaks):
    code = f'from official.core import task\n{call}\n'
    root = self.tree({'tfmot_contrib/x.py': code, 'tools/y.py': ''})
    text = fixture.MIRROR[fixture.TASK]
    new = text.replace('params, dir=', 'params, mode=0, dir=').replace(
        "folder=''", "place=''"
    )
    mirrors = [
        self.tree(fixture.MIRROR),
        self.tree(fixture.MIRROR, {fixture.TASK: new}),
    ]
    [change] = api.impact(*mirrors, root)
    self.assertEndsWith(change.kind, kind)
    self.assertEqual(change.breaks, breaks)

  def test_what_breaks_comes_first(self):
    found = self.impact({
        fixture.CONFIG: fixture.MIRROR[fixture.CONFIG].replace('0.1', '0.2'),
        fixture.TASK: (
            fixture.MIRROR[fixture.TASK].replace('def make(', 'def create(')
        ),
    })
    self.assertEqual([change.breaks for change in found], [True, False])

  @parameterized.named_parameters(
      (
          'itself',
          {'official/core/__init__.py': 'from official.core import make\n'},
      ),
      (
          'a_circle',
          {
              'official/core/__init__.py': (
                  'from official.core.other import make\n'
              ),
              'official/core/other.py': 'from official.core import make\n',
          },
      ),
      (
          'what_a_star_does_not_bring',
          {
              'official/core/__init__.py': (
                  'from official.core.other import *\n'
              ),
              'official/core/other.py': "__all__ = ['x']\nmake = 1\n",
          },
      ),
  )
  def test_name_that_leads_to(self, changes):
    self.assertEqual(
        [(c.symbol, c.kind) for c in self.impact(changes)],
        [('official.core.make', 'removed')],
    )


if __name__ == '__main__':
  absltest.main()
