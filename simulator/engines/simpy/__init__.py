"""The readable engine: each person a SimPy process, each limited place a SimPy resource."""
