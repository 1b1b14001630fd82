package report

import "github.com/squallhq/squall/report/page"

var htmlFormat = Format{Name: "html", File: "report.html", Render: page.Render}
