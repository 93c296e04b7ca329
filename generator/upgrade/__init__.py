"""Repositories of an earlier layout: the steps that rewrite what people wrote into what this version reads."""
