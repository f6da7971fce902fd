"""Functions in child processes of their own, which can be killed and cannot harm this one.

``calls`` is what the rest of the package uses. Nothing is imported here: the child starts through this
package too, and each import would delay it.
"""
