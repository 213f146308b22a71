//! Tables: those with data become GFM tables, those for layout their content.

use super::tree::{Kind, NodeIndex, Tree};

/// Most columns of a table.
const MAX_COLUMNS: usize = 64;
/// Longest text of a cell, in bytes; a table with longer ones is for layout.
const MAX_CELL_BYTES: usize = 1_500;

/// Returns a table with data as Markdown, or `None` if it only places blocks. `one_line` returns the
/// text of an element on one line.
pub(super) fn data_table(
    tree: &Tree,
    node: NodeIndex,
    one_line: &mut dyn FnMut(NodeIndex) -> String,
) -> Option<String> {
    let mut rows: Vec<NodeIndex> = Vec::new();
    let mut caption = None;
    for child in tree.children(node) {
        match tree.nodes[child].kind {
            Kind::Row => rows.push(child),
            Kind::RowGroup => rows.extend(
                tree.children(child)
                    .filter(|row| matches!(tree.nodes[*row].kind, Kind::Row)),
            ),
            Kind::Caption => caption = Some(child),
            _ => {}
        }
    }
    let mut all: Vec<(Vec<NodeIndex>, bool)> = Vec::new();
    for row in rows {
        let cells: Vec<NodeIndex> = tree
            .children(row)
            .filter(|cell| matches!(tree.nodes[*cell].kind, Kind::Cell(_)))
            .collect();
        let is_header = cells
            .iter()
            .all(|cell| tree.nodes[*cell].kind == Kind::Cell(true));
        if !cells.is_empty() {
            all.push((cells, is_header));
        }
    }
    let grid = Grid::of(tree, &all);
    let columns = grid.columns;
    let is_data = (2..=MAX_COLUMNS).contains(&columns)
        && (all.len() > 1 || all.iter().any(|(_, is_header)| *is_header))
        && !all
            .iter()
            .flat_map(|(cells, _)| cells)
            .any(|cell| holds_blocks(tree, *cell));
    if !is_data {
        return None;
    }
    let mut lines = Vec::new();
    if let Some(caption) = caption {
        let caption = one_line(caption);
        if !caption.is_empty() {
            lines.push(caption);
            lines.push(String::new());
        }
    }
    let line = |cells: &[String]| {
        let mut line = String::from("|");
        for column in 0..columns {
            let cell = cells.get(column).map_or("", String::as_str);
            line.extend([" ", cell, " |"]);
        }
        line
    };
    let rule = format!("|{}", " --- |".repeat(columns));
    if !all[0].1 {
        lines.push(line(&[]));
        lines.push(rule.clone());
    }
    for (number, (cells, is_header)) in all.iter().enumerate() {
        let mut texts = vec![String::new(); columns];
        for (cell, column) in cells.iter().zip(&grid.places[number]) {
            let text = one_line(*cell).replace('|', "\\|");
            if text.len() > MAX_CELL_BYTES {
                return None;
            }
            if let Some(place) = texts.get_mut(*column) {
                *place = text;
            }
        }
        lines.push(line(&texts));
        if number == 0 && *is_header {
            lines.push(rule.clone());
        }
    }
    Some(lines.join("\n"))
}

/// Where the cells of a table are.
struct Grid {
    columns: usize,
    /// The column of each cell, by row.
    places: Vec<Vec<usize>>,
}

impl Grid {
    fn of(tree: &Tree, rows: &[(Vec<NodeIndex>, bool)]) -> Self {
        let mut columns = 0;
        let mut places = Vec::with_capacity(rows.len());
        // Of each column, how many more rows a cell above covers.
        let mut covered = [0_usize; MAX_COLUMNS];
        for (cells, _) in rows {
            let mut next = covered;
            let mut column = 0;
            let mut own = Vec::with_capacity(cells.len());
            for cell in cells {
                while covered.get(column).is_some_and(|rows| *rows > 0) {
                    column += 1;
                }
                own.push(column);
                let (down, right) = spans(tree.detail(*cell));
                for place in next.iter_mut().skip(column).take(right) {
                    *place = (*place).max(down);
                }
                column += right;
                columns = columns.max(column);
            }
            places.push(own);
            covered = next.map(|rows| rows.saturating_sub(1));
            let last = covered.iter().rposition(|rows| *rows > 0);
            columns = columns.max(last.map_or(0, |last| last + 1));
        }
        Self { columns, places }
    }
}

/// Returns how many rows and columns a cell covers.
fn spans(detail: &str) -> (usize, usize) {
    let mut numbers = detail.split(' ').map(|number| number.parse().unwrap_or(1));
    (numbers.next().unwrap_or(1), numbers.next().unwrap_or(1))
}

/// Returns whether a cell contains what a GFM table can't.
fn holds_blocks(tree: &Tree, cell: NodeIndex) -> bool {
    tree.nodes[cell].has_block && {
        let mut waiting: Vec<NodeIndex> = tree.children(cell).collect();
        while let Some(node) = waiting.pop() {
            if matches!(
                tree.nodes[node].kind,
                Kind::Table | Kind::Preformatted | Kind::Heading(_) | Kind::Quote
            ) {
                return true;
            }
            if tree.nodes[node].has_block {
                waiting.extend(tree.children(node));
            }
        }
        false
    }
}
