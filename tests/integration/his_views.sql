-- A hospital's own tables, and the views on them that the sample mapping reads.
CREATE TABLE his_place (code text, name text, kind text, parent text, supply text, changed timestamp);
INSERT INTO his_place VALUES
('YQ', '本部院区', '院区', NULL, '采购', '2026-06-01 08:00'), ('KF01', '耗材库', '库房', 'YQ', NULL, '2026-06-01 08:00'),
('JR', '介入科', '科室', 'YQ', NULL, '2026-06-01 08:00');
CREATE TABLE his_item (code text, name text, spec text, high text, serial text, di text, changed timestamp);
INSERT INTO his_item VALUES
('HC001', '注射器', '10ml', '0', '0', NULL, '2026-06-01 08:00'),
('GZ001', '药物支架', '3.0x18', '1', '1', '00841470103934', '2026-06-01 08:00');
CREATE TABLE his_line (
    id text, kind text, item text, lot text, qty numeric, source text, target text, original text, happened timestamp,
    changed timestamp
);
INSERT INTO his_line VALUES
('M1', '采购入库', 'HC001', 'P1', 100, NULL, 'KF01', NULL, '2026-06-02 09:00', '2026-06-02 09:00'),
('M2', '科室领用', 'HC001', 'P1', 30, 'KF01', 'JR', NULL, '2026-06-03 09:00', '2026-06-03 09:00'),
('M3', '消耗', 'HC001', 'P1', 4, 'JR', NULL, NULL, '2026-06-04 09:00', '2026-06-04 09:00'),
('M4', '报损', 'HC001', 'P1', 1, 'KF01', NULL, NULL, '2026-06-04 10:00', '2026-06-04 10:00'),
('M5', '采购入库', 'HC001', 'P1', 10, NULL, 'KF01', NULL, '2026-06-05 09:00', '2026-06-05 09:00'),
('M6', '冲红', 'HC001', 'P1', 10, NULL, NULL, 'M5', '2026-06-05 10:00', '2026-06-05 10:00'),
('M7', '采购入库', 'GZ001', 'SL1', 1, NULL, 'JR', NULL, '2026-06-02 09:00', '2026-06-02 09:00'),
('M8', '调拨', 'HC001', 'P1', 2, 'JR', 'KF01', NULL, '2026-06-05 09:30', '2026-06-05 09:30');
CREATE TABLE his_use (id text, label text, place text, used timestamp, state text, changed timestamp);
INSERT INTO his_use VALUES
('U1', '(01)00841470103934(17)280131(10)SL1(21)S77', 'JR', '2026-06-05 11:00', '已使用', '2026-06-05 11:00');
CREATE TABLE his_stock (place text, item text, lot text, qty numeric);
INSERT INTO his_stock VALUES ('KF01', 'HC001', 'P1', 69);

CREATE VIEW lotwatch.科室 AS
SELECT
    code AS 科室编码, name AS 科室名称, kind AS 类型, parent AS 上级编码, supply AS 供应方式, '0' AS 停用标志,
    changed AS 更新时间
FROM his_place;
CREATE VIEW lotwatch.供应商 AS SELECT 'G01' AS 供应商编码, '器械公司' AS 供应商名称, '0' AS 停用标志;
CREATE VIEW lotwatch.材料字典 AS
SELECT
    code AS 材料编码, name AS 材料名称, spec AS 规格型号, '耗材' AS 材料分类, '厂家' AS 生产厂家, high AS 高值标志,
    di AS "UDI_DI", '1' AS 批号管理, serial AS 序列号管理, '1' AS 效期管理, '支' AS 单位, 12.5 AS 单价,
    '国械注准2026' AS 注册证号, date '2030-12-31' AS 注册证有效期, '0' AS 停用标志, changed AS 更新时间
FROM his_item;
CREATE VIEW lotwatch.批次 AS
SELECT DISTINCT
    item AS 材料编码, lot AS 批号, date '2026-01-31' AS 生产日期, '20280131' AS 有效期至,
    timestamp '2026-06-02 09:00' AS 更新时间
FROM his_line;
CREATE VIEW lotwatch.出入库明细 AS
SELECT
    id AS 明细流水号, kind AS 业务类型, item AS 材料编码, lot AS 批号, qty AS 数量, '支' AS 单位, source AS 发出科室,
    target AS 接收科室, original AS 原明细流水号, 'D' || id AS 单据号, happened AS 发生时间, changed AS 更新时间
FROM his_line;
CREATE VIEW lotwatch.高值耗材使用 AS
SELECT
    id AS 使用流水号, label AS "UDI码", place AS 科室编码, used AS 使用时间, state AS 状态, changed AS 更新时间
FROM his_use;
CREATE VIEW lotwatch.库存 AS
SELECT
    'YQ' AS 院区编码, place AS 科室编码, item AS 材料编码, lot AS 批号, qty AS 库存数量, '支' AS 单位,
    timestamp '2026-06-15 08:00' AS 统计时间
FROM his_stock;
GRANT SELECT ON ALL TABLES IN SCHEMA lotwatch TO PUBLIC;
