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

"""Tests how a command is run, with real commands."""

import math
import shlex
import sys

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.bisect import axes
from tools.bisect import probe as probes
from tools.env import environment

_COMBINATION = {**environment.settings({}), axes.MIRROR: 'abc'}


def _run(code, seed=1):
  """Runs Python code as the command."""
  command = f'{sys.executable} -I -S -c {shlex.quote(code)} {{mirror}} {{seed}}'
  return probes.CommandProbe(command).run(_COMBINATION, seed)


class CommandProbeTest(parameterized.TestCase):

  @parameterized.parameters(
      ('', ()),
      ('import sys; sys.exit(3)', ('exit 3: failure',)),
      ('import nothing_like_it', ('exit 1: ModuleNotFoundError',)),
      ('raise KeyError(1)', ('exit 1: KeyError',)),
      (
          'print(\'{"failures": ["b", "a"]}\'); import sys; sys.exit(1)',
          ('a', 'b'),
      ),
      ('print("[1]"); import sys; sys.exit(1)', ('exit 1: failure',)),
      ('import sys; sys.exit("error: no data")', ('exit 1: error',)),
  )
  def test_failures(self, code, expected):
    self.assertEqual(_run(code)['failures'], expected)

  def test_places_and_seed(self):
    code = (
        'import json, os, sys; assert sys.argv[1:] == ["abc", "4"];'
        ' print(json.dumps({"metrics": {"s": int(os.environ["BISECT_SEED"])}}))'
    )
    run = _run(code, seed=4)
    self.assertEqual(run['failures'], ())
    self.assertEqual(run['metrics'], {'s': 4.0})

  def test_cannot_be_tested(self):
    run = _run(
        'import sys; print("no such op", file=sys.stderr); sys.exit(125)'
    )
    self.assertEqual(run['unusable'], 'no such op')

  def test_what_is_broken_is_no_result(self):
    with self.assertRaisesRegex(probes.BrokenError, 'killed by signal 9'):
      _run('import os; os.kill(os.getpid(), 9)')
    with self.assertRaisesRegex(
        probes.BrokenError, 'cannot run no_such_program'
    ):
      probes.CommandProbe('no_such_program').run(_COMBINATION, 1)

  @parameterized.parameters(
      '{"failures": null}',
      '{"failures": "abc"}',
      '{"failures": ["a", 1]}',
      '{"metrics": null}',
      '{"metrics": [1]}',
      '{"metrics": {"a": null}}',
      '{"metrics": {"a": "x"}}',
  )
  def test_json_of_another_shape(self, line):
    with self.assertRaisesRegex(
        probes.BrokenError, 'the command says .*, where failures are no list'
    ):
      _run(f'print({line!r})')

  def test_a_number_beyond_all_floats(self):
    run = _run(f'print(\'{{"metrics": {{"a": 1{"0" * 400}}}}}\')')
    self.assertEqual(run['metrics'], {'a': math.inf})

  def test_output_that_is_no_text(self):
    code = r'import os; os.write(1, b"\xff\n"); os.write(2, b"\xfe"); '
    self.assertEqual(_run(code)['failures'], ())
    self.assertEqual(
        _run(f'{code} raise KeyError')['failures'], ('exit 1: KeyError',)
    )

  def test_a_tfmot_that_cannot_be_had(self):
    probe = probes.CommandProbe('true {tree}')
    with self.assertRaisesRegex(
        errors.InputError, 'there is no such wheel, folder or checkout'
    ):
      probe.run({**_COMBINATION, 'tfmot': '/no/such/place'}, 1)

  @parameterized.parameters(('', 'is empty'), ("a 'b", 'No closing quotation'))
  def test_no_command(self, command, message):
    with self.assertRaisesRegex(errors.InputError, message):
      probes.CommandProbe(command)


if __name__ == '__main__':
  absltest.main()
