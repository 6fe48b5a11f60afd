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

"""A small project for tests of the gate: a technique, its runs, a Bazel."""

import pathlib
import sys
from unittest import mock

import yaml

from tools.env import bootstrap
from tools.evidence import project_testing
from tools.release import gate
from tools.release import refuse
from tools.suite import bazel_testing
from tools.suite import make

TENSORFLOW = '2.20.0'
TEST = bazel_testing.TEST
_DROPS = [0.5, 0.6, 0.4, 0.5, 0.55, 0.45, 0.5, 0.5]
_BUILD = """\
convergence_test(
    name = "{name}",
    baseline = {baseline},
    experiment = "net",
    module = "tfmot_contrib.{folder}.experiments",
    control = {control},
)
"""
_CONTROL = """\
control(
    name = "{name}",
    baseline = ":resnet_cifar10",
    experiment = "control",
    module = "tfmot_contrib.baselines.experiments",
)
"""
# Answers queries, and of tests and builds says that what is there is done.
_BAZEL = """\
#!PYTHON
import json, pathlib, sys
ours = ('--output_user_root', '--disk_cache')
sys.argv = [x for x in sys.argv if not x.startswith(ours)]
command, rest = sys.argv[1], sys.argv[2:]
words = [x for x in rest if not x.startswith('--')]
options = [x for x in rest if x.startswith('--')]
with open('asked.txt', 'a') as stream:
  stream.write(' '.join(sys.argv[1:]) + '\\n')
def there(label):
  if label == RESUMED:
    return not pathlib.Path('not_resumed').exists()
  name = label[2:].replace(':', '/').removesuffix('_record') + '_record.json'
  return (pathlib.Path('bazel-bin') / name).exists()
if command == 'query':
  print('LABEL_run LABEL_record BASE_record BASE_control_epoch_record'.replace(
      ' ', '\\n'))
elif command == 'build':
  for label in words:
    if not there(label):
      sys.exit('cannot build ' + label)
else:
  events = []
  for label in words:
    events.append({'id': {'targetConfigured': {'label': label}},
                   'configured': {'targetKind': 'py_test rule'}})
    done = {'success': True} if there(label) else {}
    events.append({'id': {'targetCompleted': {'label': label}},
                   'completed': done})
    if done:
      events.append({'id': {'testSummary': {'label': label}},
                     'testSummary': {'overallStatus': 'PASSED'}})
  events.append({'id': {'buildFinished': {}}, 'finished': {}})
  file = [x for x in options if 'build_event_json_file' in x][0]
  pathlib.Path(file.partition('=')[2]).write_text(
      '\\n'.join(json.dumps(event) for event in events))
"""


def project(root: pathlib.Path) -> str:
  """Makes a project with a technique that holds, and its reference.

  Args:
    root: An empty folder.

  Returns:
    The program in place of Bazel.
  """
  program = bazel_testing.project(root, _DROPS)
  text = _BAZEL.replace('PYTHON', sys.executable)
  text = text.replace('LABEL', bazel_testing.LABEL)
  text = text.replace('RESUMED', repr(refuse.RESUMED))
  base = '//tfmot_contrib/baselines:resnet_cifar10'
  pathlib.Path(program).write_text(text.replace('BASE', base), 'utf-8')
  control = f'{base}_control_epoch'
  builds = {
      'baselines': (
          _CONTROL.format(name=control.rpartition(':')[2])
          + _BUILD.format(
              name='resnet_cifar10',
              baseline=None,
              control=None,
              folder='baselines',
          )
      ),
      'pruning': _BUILD.format(
          name=TEST,
          baseline=f'"{base}"',
          control=f'"{control}"',
          folder='pruning',
      ),
  }
  project_testing.put(
      root,
      {
          **{f'tfmot_contrib/{k}/BUILD': v for k, v in builds.items()},
          'official/upstream.lock': (
              f'[digests]\nselection = "a"\npatched = "{"c" * 64}"\n'
          ),
          'pyproject.toml': project_testing.PYPROJECT,
      },
  )
  change_technique(root, main=[TEST])
  with mock.patch.object(bootstrap, 'bazel', return_value=program):
    make.main(['--seeds=8', '--who=a test'], root)
  return program


def change_technique(root: pathlib.Path, **changes: object) -> None:
  """Changes technique.yaml of the technique.

  Args:
    root: Of `project`.
    **changes: Keys of the file. `claim` changes its one claim.
  """
  path = root / 'tfmot_contrib/pruning/technique.yaml'
  technique = yaml.safe_load(path.read_text(encoding='utf-8'))
  technique['claims'][TEST][0] |= changes.pop('claim', {})
  technique |= changes
  path.write_text(yaml.safe_dump(technique, sort_keys=False), 'utf-8')


def asked_of(root: pathlib.Path, **changes: object) -> gate.Gate:
  """Returns what a test asks of the gate.

  Args:
    root: Of `project`.
    **changes: Other fields.

  Returns:
    The gate.
  """
  fields = {
      'root': root,
      'tfmot': {'setting': '0.8.1', 'version': '0.8.1', 'content': ''},
      'tensorflow': TENSORFLOW,
      'tier': 'cpu',
      'scope': refuse.techniques(root),
      'seeds': 1,
      'output': root / 'out' / 'bundle',
  }
  return gate.Gate(**{**fields, **changes})
