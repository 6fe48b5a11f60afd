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

"""How techniques are fine-tuned, and the float controls that do it without one.

A few hundred steps more make a float model better too. What a technique costs
is therefore told by a control: the same steps, rate, optimizer, seed and
batches from the same model, and no technique. It is the control that a drop of
accuracy is taken from. Techniques that share a recipe share a control.
"""

from typing import Callable, NamedTuple

from tfmot_contrib import technique as technique_lib
from tfmot_contrib.baselines import experiments


class Recipe(NamedTuple):
  """The arguments of `experiments.fine_tuning`.

  Attributes:
    steps: How long to fine-tune.
    peak: The largest learning rate of the one-cycle schedule.
    optimizer: `sgd` or `adam`.
  """

  steps: int
  peak: float
  optimizer: str

  def register(
      self, name: str, technique: Callable[[], technique_lib.TechniqueConfig]
  ) -> None:
    """Registers `MODEL_NAME` for each of the baselines.

    Args:
      name: Of the technique.
      technique: Makes its config.
    """
    experiments.fine_tuning(name, technique, **self._asdict())


RECIPES = {
    # An epoch, for what must find new places for what it takes away.
    'epoch': Recipe(experiments.STEPS_PER_EPOCH, peak=0.05, optimizer='sgd'),
    # For what changes weights little.
    'short': Recipe(200, peak=0.01, optimizer='sgd'),
    # For centroids: TFMOT sums their gradient over all of their weights, with
    # which momentum SGD diverges.
    'gentle': Recipe(200, peak=1e-4, optimizer='adam'),
}

for _name, _recipe in RECIPES.items():
  _recipe.register(f'control_{_name}', technique_lib.TechniqueConfig)
