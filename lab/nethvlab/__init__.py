# SPDX-License-Identifier: Apache-2.0
"""nethv-lab: many clouds on one machine.

    namespaces  a namespace per machine, kept by a process that only sleeps
    state       what a lab has made, on disk before it is needed
    scenario    the file that describes a lab
    cloud       a cloud's router and inner network
    wan         the Internet between the clouds
    host        a VM: Open vSwitch, uplink, endpoints, processes
    lab         all of it: up, down, cut, heal
    cli         the command nethv-lab
    demo        the command nethv-demo
    talk        what its endpoints say to each other
    frames      what captures see of it
"""


class LabError(Exception):
    """What went wrong, as a sentence for the operator."""
