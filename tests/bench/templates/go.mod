module moontide/tests/bench/templates

go 1.22
